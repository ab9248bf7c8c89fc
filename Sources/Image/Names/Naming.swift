internal import Kernel
public import OCI
internal import Store

extension ImageLibrary {
  /// `tag`: gives an image one more name.
  public func tag(_ source: String, as name: String) throws(ImageError) {
    let reference = try reference(name)
    guard reference.digest == nil else { throw ImageError("tag \(source): a digest is no name to give: \(name)") }
    let image = try resolve(source)
    try changeNames { (names) throws(ImageError) in names.set(reference, image.entry) }
  }

  /// What `rmi` did, as docker prints it.
  public struct Removal: Sendable {
    public var untagged: [String] = []
    public var deleted: [Digest] = []
  }

  /// `rmi`: takes a name away, and with the last one the image; what nothing else has is removed from the disk.
  ///
  /// - Parameter force: also an id that has several names.
  /// - Throws: for an image that a container uses, when this would take its last name.
  public func remove(_ name: String, force: Bool) throws(ImageError) -> Removal {
    var removal = Removal()
    let removed = try changeNames { (names) throws(ImageError) -> StoredImage in
      let image = try resolve(name)
      let reference = try? Reference(parsing: name)
      let isByName = image.name != nil && (reference.map { names.entry($0) != nil } ?? false)
      // One image may have been stored with different manifests.
      let entries = names.index.manifests.filter { entry in
        entry.digest == image.entry.digest || (try? store.image(entry))?.id == image.id
      }
      let going = isByName ? entries.filter { $0 == image.entry } : entries
      if !isByName, entries.count > 1, !force {
        throw ImageError("\(name) has \(entries.count) names: remove them one by one, or all of them with --force")
      }
      if going.count == entries.count, try isInUse(image), !(isByName && force) {
        throw ImageError(
          "image \(name) is used by a container: remove the container first (swiftcr rm); the layers stay as long as it does"
        )
      }
      names.index.manifests.removeAll { going.contains($0) }
      removal.untagged = going.compactMap { ImageNames.name(of: $0) }
      if going.count == entries.count { removal.deleted = [image.id] }
      return image
    }
    if removal.deleted.contains(removed.id) { try Collector(library: self).sweep() }
    return removal
  }

  private func isInUse(_ image: StoredImage) throws(ImageError) -> Bool {
    let uses: Set<String>
    do { uses = try StoreUses.all(layout) } catch { throw ImageError(error) }
    return uses.contains(layout.stack(image.id).droppingPrefix(layout.path))
  }
}
