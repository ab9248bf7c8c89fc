internal import Glibc
internal import Kernel
internal import OCI

extension ContainerLayer {
  /// Makes the directories for an overlay that the stage mounts by itself.
  ///
  /// The layer's directory may be passed through by all, for a mapped root that is not its owner; the directory that
  /// holds all layers is the user's alone.
  ///
  /// - Parameter maps: of a new user namespace, whose root `upper` and `work` are for.
  static func make(
    _ overlay: StageOverlay, top: CInt, maps: IDMaps?, owner: LayerOwner?
  ) throws(ContainerError) {
    let path = overlay.directory
    let caller = Caller.current
    var status = stat()
    guard fstat(top, &status) == 0 else { throw ContainerError(SystemError("read top layer")) }
    try kernel { () throws(SystemError) in
      try makeDirectory(path, mode: 0o711, owner: owner)
      try makeInside(scaffold(path))
    }
    if overlay.upper == .memory { return }
    try kernel { () throws(SystemError) in
      try makeInside(overlay.upperPath)
      try makeInside(overlay.workPath)
    }
    guard let maps, maps.needsHelpers(caller) else {
      return try kernel { () throws(SystemError) in try dress(overlay.upperPath, as: status) }
    }
    try kernel { () throws(SystemError) in
      try LayerIDs(maps).mark(path)
      try dress(overlay.upperPath, as: status)
    }
    if IDMaps.root(maps.uids) == caller.uid, IDMaps.root(maps.gids) == caller.gid { return }
    try LayerIDs(maps.including(caller)).run { () throws(SystemError) in
      // Ids as this namespace has them.
      guard chown(overlay.upperPath, 0, 0) == 0, chown(overlay.workPath, 0, 0) == 0 else {
        throw SystemError("give container layer to the mapped root", path)
      }
      try dress(overlay.upperPath, as: status)
    }
  }

  private static func makeInside(_ path: String) throws(SystemError) {
    guard mkdir(path, 0o700) == 0 else { throw SystemError("make container layer", path) }
  }
}
