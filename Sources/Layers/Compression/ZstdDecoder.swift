internal import CCompression

/// Zstandard: any number of frames, of which those to be skipped have no data: zstd:chunked keeps its index there.
///
/// The memory it takes is what the stream's window asks for: 8 MiB for most levels, 128 MiB at most, the library's own
/// bound.
final class ZstdDecoder: StreamDecoder {
  private let context: OpaquePointer
  private(set) var mayEnd = false

  init() throws(LayerError) {
    guard let context = ZSTD_createDCtx() else { throw LayerError("layer blob: no memory to decompress it") }
    self.context = context
  }

  deinit { ZSTD_freeDCtx(context) }

  func decode(_ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(LayerError)
    -> Int
  {
    var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
    var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    let result = ZSTD_decompressStream(context, &to, &from)
    guard ZSTD_isError(result) == 0 else {
      let reason = String(cString: ZSTD_getErrorName(result))
      throw LayerError("layer blob: damaged (zstd: \(reason))")
    }
    guard input.isEmpty || from.pos > 0 || to.pos > 0 else {
      throw LayerError("layer blob: damaged (invalid zstd data)")
    }
    mayEnd = result == 0
    input = UnsafeRawBufferPointer(rebasing: input[from.pos...])
    return to.pos
  }
}
