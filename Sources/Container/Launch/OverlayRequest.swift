internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

/// The overlay of one container, as it will be mounted once its user namespace is known.
struct OverlayRequest: Sendable {
  /// Absolute directories, bottom first.
  var layers: [String]
  /// The container layer's directory, with `upper` and `work` in it.
  var directory: String
  var volatile: Bool
  /// The upper is on a file system of its own, attached to the host only until the overlay holds it.
  var isMounted: Bool

  static let upperHint =
    "overlayfs may not take a directory on this file system as its upper layer: "
    + "annotation io.swiftcr.layer.upper=tmpfs keeps it in memory"

  /// Mounts it, attached nowhere.
  ///
  /// In a user namespace the layers are idmapped clones: files on disk stay as they are, and the container sees them
  /// as its own (overlayfs takes idmapped layers since Linux 5.19).
  func mount(userNamespace: CInt, maps: IDMaps?) throws(ContainerError) -> DetachedMount {
    let storage = ContainerLayer.place(directory, isMounted: isMounted)
    defer { if isMounted { _ = DetachedMount.detach(storage) } }
    do {
      let stack = try LayerStack(layers)
      let areDetached = maps != nil || stack.needsAttaching
      let lowers = areDetached ? try stack.detached(userNamespace: maps == nil ? nil : userNamespace) : stack
      return try DetachedMount.overlay(
        lowers: lowers.descriptors, areMapped: areDetached, upper: "\(storage)/upper", work: "\(storage)/work",
        volatile: volatile, scaffold: ContainerLayer.scaffold(directory))
    } catch let error as SystemError {
      throw ContainerError("\(error); \(Self.upperHint)")
    } catch let error as ContainerError {
      throw error
    } catch {
      throw ContainerError("\(error)")
    }
  }
}

/// A bind mount that the stage gets from us.
enum HandedMount {
  /// - Parameter isShared: the container's mounts are the host's peers, as `rootfsPropagation` says. Else the clone is made
  ///   a slave here, as the stage makes the copies that a new mount namespace has.
  static func make(_ bind: BindMount, userNamespace: CInt, isShared: Bool) throws(ContainerError) -> DetachedMount {
    do throws(SystemError) {
      let mount = try DetachedMount.clone(bind.source, recursive: bind.recursive)
      if !isShared { try mount.makeSlave() }
      guard case .mapped(let uids, let gids, let recursive) = bind.origin else { return mount }
      if uids.isEmpty {
        try mount.mapIDs(userNamespace: userNamespace, recursive: recursive)
      } else {
        let namespace = try MappedNamespace(
          uidMap: IDMaps.text(uids), gidMap: IDMaps.text(gids.isEmpty ? uids : gids))
        try mount.mapIDs(userNamespace: namespace.descriptor.number, recursive: recursive)
      }
      return mount
    } catch {
      throw ContainerError("\(bind): \(error)")
    }
  }
}
