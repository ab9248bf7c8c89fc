/// Where bytes of a stream go, one stage of a pipeline: tar, digest, compression, digest, file.
public protocol ByteSink: AnyObject {
  func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError)
}

extension ByteSink {
  public func write(_ bytes: [UInt8]) throws(LayerError) {
    // A typed error does not pass through the standard library's closures of Swift 6.
    var failure: LayerError?
    bytes.withUnsafeBytes { buffer in
      do throws(LayerError) { try write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
