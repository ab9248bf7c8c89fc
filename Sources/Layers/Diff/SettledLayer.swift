internal import CLinux
internal import Glibc
internal import Kernel

/// What a container's upperdir was as a layer.
public struct SettledLayer: Sendable, Equatable {
  /// Bytes of its archive.
  public var size: UInt64
  public var entries: Int
  /// The archive says something of the root.
  public var hasRoot: Bool
}

extension LayerDiff {
  /// Writes the archive of a container's layer, and makes the upperdir a layer in the form of a directory: it says
  /// what the archive says and no more, so that it means the same on top of other layers, and is what the archive would be
  /// unpacked to.
  ///
  /// For overlayfs, all that an upperdir says of what lies below is a matter of the layers below at that time: new
  /// directories are opaque, because nothing is below; whiteouts may hide what another layer has hidden already. None of
  /// that may stay in a layer that is known by the digest of its archive.
  ///
  /// - Parameters: as `archive` has them. No overlay may have the directory as its upper any more.
  public static func settle(
    upper: CInt, over lowers: LowerLayers, limits: LayerLimits = .standard, to sink: any ByteSink
  ) throws(LayerError) -> SettledLayer {
    var walk = try UpperWalk(upper: upper, lowers: lowers, namespace: .trusted, limits: limits)
    walk.showsIdleWhiteouts = true
    var archive = TreeArchive(sink, limits: limits)
    var settling = Settling()
    let root = try changedRoot(upper, lowers)
    if let root { try archive.add(root) }
    while let item = try walk.next() {
      if item.effect == .idle || item.file.status.st_mode & S_IFMT == S_IFSOCK {
        try settling.remove(item.file)
        continue
      }
      switch item.effect {
      case .idle: break
      case .removes:
        try archive.add(WhiteoutEntry.hiding(item.file.path))
        try settling.renewWhiteout(item.file)
      case .places:
        try archive.add(item.file, attributes: item.attributes)
        if item.file.isDirectory { try settling.clearOpaque(item) }
      case .replaces:
        try archive.add(item.file, attributes: item.attributes)
        try archive.add(WhiteoutEntry.hidingAll(in: item.file.path))
        try settling.completeOpaque(item.file)
      }
    }
    try archive.finish()
    try settling.restoreTimes(in: upper)
    return SettledLayer(size: archive.size, entries: archive.entries, hasRoot: root != nil)
  }
}

/// Changes to an upperdir that is being walked through, and the times of directories that they cost.
private struct Settling {
  private var times: [[UInt8]: timespec] = [:]

  mutating func remove(_ file: TreeWalk.Item) throws(LayerError) {
    try rememberTime(of: file)
    guard unlinkat(file.parent, file.name, 0) == 0 else { throw failure("remove", file) }
  }

  /// Overlayfs makes all whiteouts links to one file.
  mutating func renewWhiteout(_ file: TreeWalk.Item) throws(LayerError) {
    try remove(file)
    guard mknodat(file.parent, file.name, mode_t(S_IFCHR), 0) == 0,
      utimensat(file.parent, file.name, [timespec(), timespec()], AT_SYMLINK_NOFOLLOW) == 0
    else { throw failure("make whiteout", file) }
  }

  func clearOpaque(_ item: UpperWalk.Item) throws(LayerError) {
    guard case .yes = OverlayNamespace.trusted.opaque(item.attributes) else { return }
    guard clinux_remove_xattr_at(item.file.parent, item.file.name, "trusted.overlay.opaque") == 0 else {
      throw failure("set attributes of", item.file)
    }
  }

  /// For overlays of users.
  func completeOpaque(_ file: TreeWalk.Item) throws(LayerError) {
    var value = UInt8(ascii: "y")
    guard clinux_set_xattr_at(file.parent, file.name, "user.overlay.opaque", &value, 1) == 0 else {
      throw failure("set attributes of", file)
    }
  }

  private mutating func rememberTime(of file: TreeWalk.Item) throws(LayerError) {
    let directory = file.path.lastIndex(of: LayerPath.slash).map { Array(file.path[..<$0]) } ?? []
    if times[directory] != nil { return }
    times[directory] = try FileEntry.status(of: file.parent, directory).st_mtim
  }

  func restoreTimes(in root: CInt) throws(LayerError) {
    for (path, time) in times {
      let name = path.isEmpty ? LowerLayers.here : LayerPath.cString(path)
      let number = retrying { clinux_open_own_directory(root, name) }
      guard number >= 0 else { throw LayerError(SystemError("read layer: open directory", LayerPath.text(path))) }
      let directory = Descriptor(adopting: number)
      guard futimens(directory.number, [time, time]) == 0 else {
        throw LayerError(SystemError("read layer: set the time of", LayerPath.text(path)))
      }
    }
  }

  private func failure(_ step: String, _ file: TreeWalk.Item) -> LayerError {
    LayerError(SystemError("settle layer: \(step)", LayerPath.text(file.path)))
  }
}
