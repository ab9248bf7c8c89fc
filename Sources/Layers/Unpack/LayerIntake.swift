internal import Crypto
internal import Kernel

/// A layer that is made of an archive while that is being written: the other end of a `TarWriter`, without a file between.
///
/// To be fed on a thread without a umask, as `DirectorySink` wants it.
public final class LayerIntake<Sink: LayerSink & ~Copyable>: ByteSink {
  private var sink: Sink
  private var reader: TarReader
  private var hash = SHA256()

  /// - Parameter sink: what is made of the archive.
  public init(_ sink: consuming Sink, limits: LayerLimits = .standard) {
    self.sink = sink
    reader = TarReader(limits: limits)
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    hash.update(bufferPointer: bytes)
    try sink.archive(bytes)
    try reader.feed(bytes, to: &sink)
  }

  /// The archive is complete.
  ///
  /// - Parameter look: is given the sink, for its result.
  /// - Returns: what the archive was; as a blob it is the same bytes.
  public func finish<Value>(_ look: (borrowing Sink) -> Value) throws(LayerError) -> (facts: LayerFacts, value: Value) {
    try reader.finish()
    try sink.finish()
    let digest = Array(hash.finalize())
    let facts = LayerFacts(
      blobHash: digest, blobSize: reader.position, diffHash: digest, archiveSize: reader.position,
      entries: reader.entries, compression: .none)
    return (facts, look(sink))
  }
}
