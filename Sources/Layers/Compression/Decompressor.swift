internal import Glibc

/// Where the bytes of a blob come from: a file, or a download that is still going on.
public protocol ByteSource: ~Copyable {
  /// Fills the start of the buffer, which is not empty, and waits for bytes if there are none yet.
  ///
  /// - Returns: how many bytes; 0 at the end.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int
}

extension ByteSource where Self: ~Copyable {
  /// Reads to the end.
  ///
  /// - Parameter body: is given one piece after the other.
  public mutating func readAll(_ body: (UnsafeRawBufferPointer) throws(LayerError) -> Void) throws(LayerError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    while true {
      let count = try read(into: buffer)
      if count == 0 { return }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}

/// What decodes one form of compression. It keeps its place between calls.
protocol StreamDecoder: AnyObject {
  /// Decodes as much as there is input and room; moves the input on. It may hold output back when there is no room: then
  /// it is called again, perhaps without input.
  func decode(_ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(LayerError)
    -> Int

  /// The stream is complete if nothing follows.
  var mayEnd: Bool { get }
}

/// A blob decompressed, read by whoever wants its bytes: it holds one buffer of input, and what the decoder needs.
struct Decompressor<Source: ByteSource & ~Copyable>: ByteSource, ~Copyable {
  private var source: Source
  /// Told of every byte of the blob, in order.
  private let observe: (UnsafeRawBufferPointer) throws(LayerError) -> Void
  private let buffer: UnsafeMutableRawBufferPointer
  private var input = UnsafeRawBufferPointer(start: nil, count: 0)
  private var isAtEnd = false
  private var mayHoldOutput = false
  private var decoder: (any StreamDecoder)?
  private let engine: GzipDecoder.Engine
  private(set) var compression: Compression?

  /// - Parameter observe: is called with all of the blob's bytes, also those behind the compressed data.
  init(
    _ source: consuming Source, bufferSize: Int = 256 << 10, engine: GzipDecoder.Engine = .best,
    observe: @escaping (UnsafeRawBufferPointer) throws(LayerError) -> Void = { _ in }
  ) {
    self.source = source
    self.observe = observe
    self.engine = engine
    buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bufferSize, Compression.prefix), alignment: 4096)
  }

  deinit { buffer.deallocate() }

  /// Fills the buffer, but at the end of the blob.
  ///
  /// - Returns: how many bytes there are; 0 once all were.
  mutating func read(into output: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    if compression == nil { try begin() }
    var count = 0
    while count < output.count {
      let room = UnsafeMutableRawBufferPointer(rebasing: output[count...])
      guard let decoder else {
        let read = try readPlain(into: room)
        if read == 0 { break }
        count += read
        continue
      }
      if input.isEmpty, !mayHoldOutput, try !refill() {
        guard decoder.mayEnd else { throw LayerError("layer blob: truncated, its compressed data do not end") }
        break
      }
      let decoded = try decoder.decode(&input, into: room)
      mayHoldOutput = decoded == room.count
      count += decoded
    }
    return count
  }

  private mutating func begin() throws(LayerError) {
    var count = 0
    while count < Compression.prefix {
      let read = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
      if read == 0 { break }
      count += read
    }
    input = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    try observe(input)
    let compression = try Compression(recognising: input)
    switch compression {
    case .none: decoder = nil
    case .gzip: decoder = try GzipDecoder(engine)
    case .zstd: decoder = try ZstdDecoder()
    }
    self.compression = compression
  }

  /// Plain bytes go where they are wanted at once, but those that were needed to know that they are plain.
  private mutating func readPlain(into output: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    if input.isEmpty {
      if isAtEnd { return 0 }
      let count = try source.read(into: output)
      isAtEnd = count == 0
      try observe(UnsafeRawBufferPointer(rebasing: output[..<count]))
      return count
    }
    let count = min(input.count, output.count)
    output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[..<count]))
    input = UnsafeRawBufferPointer(rebasing: input[count...])
    return count
  }

  /// - Returns: whether there are bytes.
  private mutating func refill() throws(LayerError) -> Bool {
    if isAtEnd { return false }
    let count = try source.read(into: buffer)
    isAtEnd = count == 0
    input = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    try observe(input)
    return count > 0
  }
}
