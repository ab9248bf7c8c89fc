internal import CCompression

/// Gzip: any number of members, then perhaps zeros. eStargz is plain gzip of many members.
final class GzipDecoder: StreamDecoder {
  private enum Place { case start, member, behindMember, zeros }

  /// What decompresses: zlib is always there, ISA-L is at least twice as fast.
  enum Engine: Sendable, CaseIterable {
    case zlib, isal

    private static let hasISAL = gunzip_isal_load() != 0
    static let best: Engine = hasISAL ? .isal : .zlib
    var isThere: Bool { self == .zlib || Self.hasISAL }
  }

  private let best: Engine
  private var engine: Engine
  private var gunzip: OpaquePointer
  private var place = Place.start

  init(_ engine: Engine = .best) throws(LayerError) {
    best = engine
    self.engine = engine
    gunzip = try Self.make(engine)
  }

  private static func make(_ engine: Engine) throws(LayerError) -> OpaquePointer {
    guard let gunzip = gunzip_make(engine == .isal && engine.isThere ? 1 : 0) else {
      throw LayerError("layer blob: no memory to decompress it")
    }
    return gunzip
  }

  deinit { gunzip_free(gunzip) }

  var mayEnd: Bool { place == .behindMember || place == .zeros }

  func decode(_ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(LayerError)
    -> Int
  {
    switch place {
    case .member: return try step(&input, output)
    case .start:
      if input.isEmpty { return 0 }
      try beginMember(input)
      return try step(&input, output)
    case .behindMember:
      guard let first = input.first else { return 0 }
      guard first != 0 else {
        place = .zeros
        return 0
      }
      guard first == 0x1f else { throw LayerError("layer blob: garbage after the end of its gzip data") }
      try beginMember(input)
      return try step(&input, output)
    case .zeros:
      guard input.allSatisfy({ $0 == 0 }) else {
        throw LayerError("layer blob: garbage after the end of its gzip data")
      }
      input = UnsafeRawBufferPointer(rebasing: input[input.endIndex...])
      return 0
    }
  }

  /// ISA-L (2.31) takes a header with a checksum of its own for damaged when it comes in pieces: such members, and those
  /// of which that cannot be seen yet, are zlib's.
  private func beginMember(_ input: UnsafeRawBufferPointer) throws(LayerError) {
    let hasHeaderChecksum = input.count < 4 || input[3] & 2 != 0
    let wanted = hasHeaderChecksum ? .zlib : best
    if wanted == engine {
      gunzip_reset(gunzip)
    } else {
      let other = try Self.make(wanted)
      gunzip_free(gunzip)
      gunzip = other
      engine = wanted
    }
    place = .member
  }

  private func step(
    _ input: inout UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) throws(LayerError) -> Int {
    var next = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var left = input.count
    var room = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var roomLeft = output.count
    let result = gunzip_step(gunzip, &next, &left, &room, &roomLeft)
    let isStuck = !input.isEmpty && left == input.count && roomLeft == output.count
    input = UnsafeRawBufferPointer(rebasing: input[(input.count - left)...])
    switch result {
    case GUNZIP_MEMBER_END: place = .behindMember
    case GUNZIP_MORE where !isStuck: break
    case GUNZIP_CHECKSUM: throw LayerError("layer blob: damaged (the checksum of its gzip data is wrong)")
    default: throw LayerError("layer blob: damaged (invalid gzip data)")
    }
    return output.count - roomLeft
  }
}
