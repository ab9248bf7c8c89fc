internal import Glibc
internal import Kernel
internal import Layers
public import OCI
public import Store

/// A layer of an image that says something of a path: `layer which`.
public struct LayerOrigin: Sendable {
  public enum What: String, Sendable {
    case file, directory, link = "symbolic link", device, other, whiteout
  }

  public var diffID: Digest
  /// From 1, the bottom one.
  public var number: Int
  public var what: What
  public var size: Int64
  /// The step that made the layer.
  public var step: HistoryEntry?
  /// It is what a container sees; the others are hidden by it. Directories are seen together.
  public var isSeen: Bool
}

extension ImageLibrary {
  /// The layers that have a path, the topmost first.
  public func origins(of path: String, in image: StoredImage) throws(ImageError) -> [LayerOrigin] {
    let layers = try OpenLayers(image.config.diffIDs, self)
    let links = layers.records.map { Set($0.lowerLinks.map(\.path)) }
    let findings = try rethrowing { () throws(LayerError) in
      try MergedTree(layers.roots).history(of: Array(path.utf8), links: links)
    }
    let steps = history(of: image)
    return findings.map { finding in
      let diffID = image.config.diffIDs[finding.layer]
      let what = Self.what(finding)
      return LayerOrigin(
        diffID: diffID, number: finding.layer + 1, what: what, size: finding.size,
        step: steps.first { $0.diffID == diffID }?.entry, isSeen: !finding.isHidden && what != .whiteout)
    }
  }

  private static func what(_ finding: MergedTree.Finding) -> LayerOrigin.What {
    if finding.isWhiteout { return .whiteout }
    return switch finding.mode & UInt32(S_IFMT) {
    case UInt32(S_IFREG): .file
    case UInt32(S_IFDIR): .directory
    case UInt32(S_IFLNK): .link
    case UInt32(S_IFCHR), UInt32(S_IFBLK): .device
    default: .other
    }
  }

  /// An unpacked layer, for `layer ls`.
  public struct LayerSummary: Sendable {
    public var record: LayerRecord
    /// Bytes on disk.
    public var bytes: UInt64
    /// The names of the images that have it.
    public var images: [String]
  }

  /// All unpacked layers, or those of an image, bottom first.
  public func layers(of image: StoredImage?) throws(ImageError) -> [LayerSummary] {
    let names = try rethrowing { () throws(StoreError) in try ImageNames(reading: layout) }
    var users: [Digest: [String]] = [:]
    for entry in names.index.manifests {
      guard let found = try? store.image(entry) else { continue }
      let label = found.name.flatMap { try? Reference(parsing: $0).familiar } ?? found.id.short
      for diffID in Set(found.config.diffIDs) { users[diffID, default: []].append(label) }
    }
    let diffIDs = image?.config.diffIDs ?? users.keys.sorted { $0.hex < $1.hex }
    return diffIDs.compactMap { diffID in
      layerRecord(diffID).map {
        LayerSummary(record: $0, bytes: DiskUsage.of(layout.layer(diffID)), images: users[diffID] ?? [])
      }
    }
  }
}
