internal import Glibc
internal import Kernel

/// Buffered writes at places of a file; what lies between stays a hole.
final class PositionedOutput {
  private let file: CInt
  private var buffer: [UInt8] = []
  private var start: UInt64 = 0

  private static let size = 256 << 10

  init(_ file: CInt) {
    self.file = file
    buffer.reserveCapacity(Self.size)
  }

  /// Goes to a place. A small gap is filled with zeros, so that what comes next is one write.
  func move(to place: UInt64) {
    let here = start + UInt64(buffer.count)
    if place == here { return }
    if place > here, place - here <= 4096 {
      buffer.append(contentsOf: repeatElement(0, count: Int(place - here)))
    } else {
      pending = place
    }
  }

  /// A place to go to with the next write.
  private var pending: UInt64?

  func write(_ bytes: [UInt8]) throws(LayerError) {
    if let place = pending {
      try flush()
      start = place
      pending = nil
    }
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.size { try flush() }
  }

  func flush() throws(LayerError) {
    var failure: LayerError?
    buffer.withUnsafeBytes { bytes in
      do throws(LayerError) { try Self.write(bytes, to: file, at: start) } catch { failure = error }
    }
    if let failure { throw failure }
    start += UInt64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes all of the bytes at a place of a file.
  static func write(_ bytes: UnsafeRawBufferPointer, to file: CInt, at offset: UInt64) throws(LayerError) {
    var rest = bytes
    var offset = offset
    while !rest.isEmpty {
      let count = retrying { pwrite(file, rest.baseAddress, rest.count, off_t(offset)) }
      guard count > 0 else { throw LayerError(SystemError("write layer")) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      offset += UInt64(count)
    }
  }

  static func setSize(_ size: UInt64, of file: CInt) throws(LayerError) {
    guard ftruncate(file, off_t(size)) == 0 else { throw LayerError(SystemError("set size of layer")) }
  }

  /// Copies bytes within a file.
  static func copy(from: UInt64, to: UInt64, length: UInt64, in file: CInt) throws(LayerError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
    defer { buffer.deallocate() }
    var done: UInt64 = 0
    while done < length {
      let wanted = Int(min(UInt64(buffer.count), length - done))
      let count = retrying { pread(file, buffer.baseAddress, wanted, off_t(from + done)) }
      guard count > 0 else { throw LayerError(SystemError("read layer", errno: count == 0 ? Errno(EIO) : .last)) }
      try Self.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: file, at: to + done)
      done += UInt64(count)
    }
  }
}
