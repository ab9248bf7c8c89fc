internal import CCompression

/// Zstandard (RFC 8878), one frame with a checksum of its content.
final class ZstdSink: CompressingSink {
  private let next: any ByteSink
  private let context: OpaquePointer
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ZSTD_CStreamOutSize(), alignment: 16)

  /// - Parameter level: 1 to 19.
  init(level: Int32, into next: any ByteSink) throws(LayerError) {
    self.next = next
    // The library takes the nearest level that it has.
    guard (1...19).contains(level) else { throw LayerError("compress with zstd: there is no level \(level)") }
    guard let context = ZSTD_createCCtx() else { throw LayerError("compress with zstd: no memory") }
    self.context = context
    for (parameter, value) in [(ZSTD_c_compressionLevel, level), (ZSTD_c_checksumFlag, 1)] {
      try Self.check(ZSTD_CCtx_setParameter(context, parameter, value))
    }
  }

  deinit {
    ZSTD_freeCCtx(context)
    buffer.deallocate()
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    while input.pos < input.size { _ = try compress(&input, ZSTD_e_continue) }
  }

  func finish() throws(LayerError) {
    var input = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
    while try compress(&input, ZSTD_e_end) != 0 {}
  }

  /// - Returns: a hint of what is still inside; zero at the end of the frame.
  private func compress(_ input: inout ZSTD_inBuffer, _ step: ZSTD_EndDirective) throws(LayerError) -> Int {
    var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    let rest = try Self.check(ZSTD_compressStream2(context, &output, &input, step))
    if output.pos > 0 { try next.write(UnsafeRawBufferPointer(rebasing: buffer[..<output.pos])) }
    return rest
  }

  @discardableResult
  private static func check(_ result: Int) throws(LayerError) -> Int {
    guard ZSTD_isError(result) == 0 else {
      throw LayerError("compress with zstd: \(String(cString: ZSTD_getErrorName(result)))")
    }
    return result
  }
}
