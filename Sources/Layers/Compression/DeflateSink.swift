internal import CCompression

/// A stage that compresses what it is given; `finish` writes the end.
protocol CompressingSink: ByteSink {
  func finish() throws(LayerError)
}

/// gzip (RFC 1952) by zlib, with no name and no time in its header: the same bytes always give the same blob.
final class GzipSink: CompressingSink {
  private let next: any ByteSink
  /// zlib keeps the address of this structure in its own state.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 16)

  /// - Parameter level: 1 to 9, or -1 for zlib's own default.
  init(level: Int32, into next: any ByteSink) throws(LayerError) {
    self.next = next
    stream.initialize(to: z_stream())
    // 15 bits of window; 16 more mean a gzip header.
    let result = deflateInit2_(
      stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else { throw LayerError("compress with gzip: level \(level): zlib's error \(result)") }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
    buffer.deallocate()
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    var rest = bytes
    // zlib counts in 32 bits.
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      try deflate(piece, flush: Z_NO_FLUSH)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
    }
  }

  func finish() throws(LayerError) {
    try deflate(UnsafeRawBufferPointer(start: nil, count: 0), flush: Z_FINISH)
  }

  private func deflate(_ input: UnsafeRawBufferPointer, flush: Int32) throws(LayerError) {
    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
    stream.pointee.avail_in = UInt32(input.count)
    repeat {
      stream.pointee.next_out = buffer.assumingMemoryBound(to: UInt8.self).baseAddress
      stream.pointee.avail_out = UInt32(buffer.count)
      let result = CCompression.deflate(stream, flush)
      guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
        throw LayerError("compress with gzip: zlib's error \(result)")
      }
      let count = buffer.count - Int(stream.pointee.avail_out)
      if count > 0 { try next.write(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
    } while stream.pointee.avail_out == 0
  }
}
