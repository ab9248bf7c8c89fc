/// A form in which a layer is kept, made while its archive is read: a directory (`DirectorySink`), say.
///
/// What it has made when an error ends it, its caller removes.
public protocol LayerSink: TarConsumer, ~Copyable {
  /// The next bytes of the archive, before the entries that are in them are told.
  mutating func archive(_ bytes: UnsafeRawBufferPointer) throws(LayerError)

  /// The archive was complete.
  mutating func finish() throws(LayerError)
}

extension LayerSink where Self: ~Copyable {
  public mutating func archive(_ bytes: UnsafeRawBufferPointer) {}
}
