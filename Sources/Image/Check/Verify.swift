internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// Something in the store that is not as it should be.
public struct Damage: Sendable, CustomStringConvertible {
  /// A name relative to the store.
  public var name: String
  public var reason: String
  /// What `--repair` did about it.
  public var remedy: String?

  public var description: String { "\(name): \(reason)" + (remedy.map { ": \($0)" } ?? "") }
}

/// Compares all that is stored with the digests that it should have, and makes again what can be made again.
///
/// A blob is what its name says, or it is worth nothing: only a registry has it. A layer can be made of its blob. A
/// stack can be made of its layers.
public struct Verify {
  let library: ImageLibrary
  let repairs: Bool
  private var found: [Damage] = []

  public init(_ library: ImageLibrary, repairs: Bool) {
    self.library = library
    self.repairs = repairs
  }

  /// - Parameter report: is told of each fault.
  /// - Returns: how many of them are still there.
  public mutating func callAsFunction(_ report: (Damage) -> Void) throws(ImageError) -> Int {
    let hold = try rethrowing { () throws(StoreError) in try Hold(library.layout) }
    let catalogue = try Catalogue(library, hold)
    for blob in catalogue.blobs { try check(blob, hold) }
    for (diffID, blob) in catalogue.layers { try check(diffID, blob, hold) }
    for (id, config) in catalogue.configs { try checkStack(id, config, hold) }
    if repairs { try Collector(library: library).sweep() }
    _ = consume hold
    for damage in found { report(damage) }
    return found.count { $0.remedy == nil }
  }

  // MARK: Blobs

  private mutating func check(_ blob: ContentDescriptor, _ hold: borrowing Hold) throws(ImageError) {
    let path = library.layout.blob(blob.digest)
    let name = path.droppingPrefix(library.layout.path)
    let file: Descriptor
    do throws(SystemError) {
      file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
    } catch {
      guard error.errno == .noEntry else { throw ImageError(error) }
      found.append(Damage(name: name, reason: "it is missing: pull the image again"))
      return
    }
    if try BlobCheck.matches(file.number, blob) { return }
    var damage = Damage(name: name, reason: "its content has another digest: pull the image again")
    if repairs, rename(path, hold.newPath()) == 0 {
      damage.reason = "its content has another digest"
      damage.remedy = "removed, the next pull fetches it"
    }
    found.append(damage)
  }

  // MARK: Layers

  private mutating func check(
    _ diffID: Digest, _ blob: ContentDescriptor, _ hold: borrowing Hold
  ) throws(ImageError) {
    guard let reason = try LayerCheck(library: library, diffID: diffID, blob: blob).fault(hold) else { return }
    var damage = Damage(name: library.layout.layer(diffID).droppingPrefix(library.layout.path), reason: reason)
    if repairs {
      do throws(ImageError) {
        try LayerMaking(library: library, path: hold.newPath()).replace(blob: blob, as: diffID, hold)
        damage.remedy = "unpacked again"
      } catch {
        damage.reason += ", and cannot be unpacked again: \(error)"
      }
    }
    found.append(damage)
  }

  // MARK: Stacks

  private mutating func checkStack(
    _ id: Digest, _ config: ImageConfig, _ hold: borrowing Hold
  ) throws(ImageError) {
    let layout = library.layout
    let path = layout.stack(id)
    guard let reason = stackFault(id) else { return }
    var damage = Damage(name: path.droppingPrefix(layout.path), reason: reason)
    if repairs {
      // Containers that run have it open.
      _ = rename(path, hold.newPath())
      do throws(ImageError) {
        try library.completeStack(id, config, hold)
        damage.remedy = "made again"
      } catch {
        damage.reason += ", and cannot be made again: \(error)"
      }
    }
    found.append(damage)
  }

  private func stackFault(_ id: Digest) -> String? {
    do throws(StoreError) {
      guard let stack = try library.store.stack(of: id) else { return "it is missing" }
      let missing = stack.lowers.first { access(library.store.path(of: $0), F_OK) != 0 }
      return missing.map { "\($0.path) is missing" }
    } catch {
      return "its description is damaged"
    }
  }
}
