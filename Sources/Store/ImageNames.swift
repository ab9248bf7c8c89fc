public import OCI

/// The images of a store and their names: its `index.json`, an OCI index whose entries have the annotation
/// `org.opencontainers.image.ref.name`. One without it is an image that lost its name.
public struct ImageNames: Sendable, Equatable {
  public var index: ImageIndex

  public static let nameKey = "org.opencontainers.image.ref.name"
  /// More than a million images.
  static let longest = 256 << 20

  public init(_ index: ImageIndex = ImageIndex()) { self.index = index }

  /// Reads the file; a store without one has no images.
  public init(reading layout: StoreLayout) throws(StoreError) {
    guard let bytes = try readIfThere(layout.index, limit: Self.longest) else {
      self.init()
      return
    }
    self.init(try Self.parse(bytes, layout.index))
  }

  private static func parse(_ bytes: [UInt8], _ path: String) throws(StoreError) -> ImageIndex {
    do throws(SpecFaults) {
      guard case .index(let index) = try ManifestDocument.load(bytes, mediaType: nil, limit: longest) else {
        throw SpecFaults([Fault(keyPath: "", reason: "no index")])
      }
      return index
    } catch {
      throw StoreError("read image store: \(path): \(error)")
    }
  }

  public static func name(of entry: ContentDescriptor) -> String? { entry.annotations[nameKey] }

  /// The entry of exactly that name.
  public func entry(_ reference: Reference) -> ContentDescriptor? {
    let name = reference.description
    return index.manifests.first { Self.name(of: $0) == name }
  }

  /// Gives a name to an image. Another image that had it keeps its entry, without a name, as docker has it.
  public mutating func set(_ reference: Reference?, _ descriptor: ContentDescriptor) {
    var entry = descriptor
    entry.annotations[Self.nameKey] = reference?.description
    if let reference { release(reference.description, for: descriptor.digest) }
    // A name for an image that had none: the nameless entry has served its purpose.
    index.manifests.removeAll { $0.digest == entry.digest && Self.name(of: $0) == nil }
    if reference == nil, index.manifests.contains(where: { $0.digest == entry.digest }) { return }
    if !index.manifests.contains(entry) { index.manifests.append(entry) }
  }

  private mutating func release(_ name: String, for digest: Digest) {
    for at in index.manifests.indices.reversed() where Self.name(of: index.manifests[at]) == name {
      let old = index.manifests.remove(at: at)
      if old.digest != digest { set(nil, old) }
    }
  }

  /// Takes a name away. The image's last name takes the image along.
  public mutating func remove(_ name: String) {
    index.manifests.removeAll { Self.name(of: $0) == name }
  }

  public mutating func remove(digest: Digest) {
    index.manifests.removeAll { $0.digest == digest }
  }
}
