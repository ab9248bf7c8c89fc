internal import Glibc
internal import Kernel
public import OCI
public import Store

/// One line of `images`.
public struct ImageSummary: Sendable {
  /// `nil` for an image that lost its name.
  public var name: Reference?
  public var digest: Digest
  public var id: Digest
  public var created: Timestamp?
  /// Bytes of the layers' archives.
  public var size: UInt64
  public var platform: Platform
}

extension ImageLibrary {
  /// All images, the newest first.
  ///
  /// - Parameter pattern: only this repository, or this name.
  public func summaries(matching pattern: String? = nil) throws(ImageError) -> [ImageSummary] {
    let names = try rethrowing { () throws(StoreError) in try ImageNames(reading: layout) }
    let wanted = pattern.flatMap { try? Reference(parsing: $0) }
    let hasTag = pattern.map { $0.split(separator: "/").last?.contains(":") == true } ?? false
    var summaries: [ImageSummary] = []
    for entry in names.index.manifests {
      let name = ImageNames.name(of: entry).flatMap { try? Reference(parsing: $0) }
      if pattern != nil {
        guard let wanted, let name, name.repository == wanted.repository, !hasTag || name.tag == wanted.tag else {
          continue
        }
      }
      // An image that is damaged, or for other platforms only, is listed by what is known of it.
      let image = try? store.image(entry)
      summaries.append(
        ImageSummary(
          name: name, digest: entry.digest, id: image?.id ?? entry.digest,
          created: image?.config.created.flatMap { Timestamp(parsing: $0) }, size: image.map(size) ?? 0,
          platform: image?.config.platform ?? Platform(os: "", architecture: "")))
    }
    return summaries.sorted { one, other in
      (one.created?.seconds ?? 0, "\(other.name?.description ?? "")") > (
        other.created?.seconds ?? 0, "\(one.name?.description ?? "")"
      )
    }
  }

  /// Bytes of an image's layers, unpacked.
  public func size(of image: StoredImage) -> UInt64 {
    image.config.diffIDs.reduce(0) { $0 + (layerRecord($1)?.size ?? 0) }
  }
}
