internal import Glibc
internal import Kernel
internal import Layers
public import OCI
internal import Store

/// Writes images to archives.
public struct Save {
  public enum Form: String, Sendable {
    /// What `docker load` of any version reads, and other tools: layers decompressed, `manifest.json`; newer ones find an
    /// OCI layout in it.
    case dockerArchive = "docker-archive"
    /// An OCI layout: every byte as it is stored.
    case ociArchive = "oci-archive"
    case ociDirectory = "oci-dir"
  }

  let library: ImageLibrary
  let form: Form
  let platform: Platform

  public init(_ library: ImageLibrary, _ form: Form, platform: Platform) {
    self.library = library
    self.form = form
    self.platform = platform
  }

  /// - Parameter descriptor: an open file or pipe.
  public func callAsFunction(_ names: [String], to descriptor: CInt) throws(ImageError) {
    let hold = try rethrowing { () throws(StoreError) in try Hold(library.layout) }
    let images = try images(names, hold)
    var writer = LayoutWriter(TarWriter(FileSink(descriptor)), library)
    switch form {
    case .dockerArchive: try writer.addDockerArchive(images)
    case .ociArchive, .ociDirectory: try writer.addLayout(images)
    }
    try writer.finish()
    _ = consume hold
  }

  /// Writes an OCI layout to a directory, which must be empty or not there.
  public func callAsFunction(_ names: [String], toDirectory path: String) throws(ImageError) {
    let hold = try rethrowing { () throws(StoreError) in try Hold(library.layout) }
    let images = try images(names, hold)
    try LayoutDirectory(path).write(images, library)
    _ = consume hold
  }

  /// One image under all the names that it was asked for.
  struct Item {
    var image: StoredImage
    var names: [Reference]
  }

  private func images(_ names: [String], _ hold: borrowing Hold) throws(ImageError) -> [Item] {
    var items: [Item] = []
    for name in names {
      let image = try library.resolve(name, platform: platform)
      let reference = (try? Reference(parsing: name)).flatMap { image.name == nil ? nil : $0 }
      let own = reference.flatMap { $0.tag == nil || image.name != $0.description ? nil : $0 }
      if let index = items.firstIndex(where: { $0.image.entry.digest == image.entry.digest }) {
        if let own { items[index].names.append(own) }
      } else {
        items.append(Item(image: image, names: own.map { [$0] } ?? []))
      }
      try library.claim(image.entry, hold)
    }
    return items
  }
}

extension Reachable {
  /// The blobs of an image that are here, each once, in an order that is always the same.
  static func blobs(of entry: ContentDescriptor, in library: ImageLibrary) -> [String] {
    var reachable = Reachable(library.store)
    reachable.add(entry)
    return reachable.names.filter { $0.hasPrefix("blobs/") && access("\(library.layout.path)/\($0)", F_OK) == 0 }
      .sorted()
  }
}
