internal import Kernel
internal import Layers
public import OCI
internal import Store

/// What `commit` says of the image that a container becomes.
public struct CommitOptions: Sendable {
  public var author: String?
  public var message: String?
  public var pauses = true
  /// Applied to the configuration, in order.
  public var changes: [ConfigChange] = []

  public init() {}
}

extension ImageLibrary {
  /// `commit`: an image of a container's image and what the container has changed, as a layer on top.
  ///
  /// - Returns: the image's id.
  public func commit(_ container: String, as name: String?, _ options: CommitOptions) throws(ImageError) -> Digest {
    let reference = try reference(ifGiven: name)
    let hold = try rethrowing { () throws(StoreError) in try Hold(layout) }
    let changes = try ContainerChanges(container, self, pauses: options.pauses)
    let base = try self.image(of: changes.record)
    let layer = try makeLayer(hold: hold) { (sink) throws(ImageError) in try changes.write(to: sink) }
    var new = NewImage(from: base)
    let created = "\(NewImage.now)"
    var entry = HistoryEntry(
      created: created, createdBy: changes.record.command.joined(separator: " "), comment: options.message)
    entry.author = options.author
    new.add(layer, entry)
    new.config.created = created
    // As it was run, docker's way: its command, environment, user and directory are the new image's.
    if let defaults = changes.record.defaults { new.config.defaults = defaults }
    if let author = options.author { new.config.author = author }
    for change in options.changes { try change.apply(to: &new.config.defaults) }
    let id = try new.store(reference, in: self, hold)
    _ = consume hold
    return id
  }

  /// The image that a container was made of, also when that lost its name or was removed: its blobs are the container's
  /// as long as it is there.
  func image(of record: KeptRecord) throws(ImageError) -> StoredImage {
    do throws(StoreError) {
      let names = try ImageNames(reading: layout)
      for entry in names.index.manifests {
        if let found = try? store.image(entry), found.descriptor.digest == record.manifest { return found }
      }
      let bytes = try store.bytes(record.manifest, limit: ManifestDocument.longest)
      let type = (try? ManifestDocument.load(bytes))?.mediaType ?? .manifest
      return try store.image(ContentDescriptor(type, record.manifest, size: Int64(bytes.count)))
    } catch {
      throw ImageError(error)
    }
  }
}
