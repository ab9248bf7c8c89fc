internal import Glibc
internal import Kernel

/// What a container changed: the upperdir of its overlay, as a layer's archive or as a list.
///
/// Nobody may write to it meanwhile (a paused container, synced, or one that has ended). Where ids are mapped, `upper` is
/// an idmapped mount, through which the kernel says owners, access lists and capabilities as the container knows them.
public enum LayerDiff {
  /// Writes the archive of a container's layer.
  ///
  /// As docker's: every file that the upperdir has, with the directories that lead to it, whiteouts for what is gone,
  /// `.wh..wh..opq` in directories that replace others. The root has no entry with docker; here it has one if its mode,
  /// owner or attributes are not those of the lower layers' root, so that a `chmod` of `/` is not lost.
  ///
  /// - Parameters:
  ///   - upper: an open directory.
  ///   - lowers: without them, whiteouts and opaque directories that hide nothing are in the archive, too.
  ///   - latest: no file is newer in the archive, in seconds since 1970.
  public static func archive(
    upper: CInt, over lowers: LowerLayers?, namespace: OverlayNamespace = .trusted, limits: LayerLimits = .standard,
    latest: Int64? = nil, to sink: any ByteSink
  ) throws(LayerError) {
    var walk = try UpperWalk(upper: upper, lowers: lowers, namespace: namespace, limits: limits)
    var archive = TreeArchive(sink, limits: limits, latest: latest)
    if let root = try changedRoot(upper, lowers) { try archive.add(root) }
    while let item = try walk.next() {
      switch item.effect {
      case .removes: try archive.add(WhiteoutEntry.hiding(item.file.path))
      case .idle: break
      case .places: try archive.add(item.file, attributes: item.attributes)
      case .replaces:
        try archive.add(item.file, attributes: item.attributes)
        try archive.add(WhiteoutEntry.hidingAll(in: item.file.path))
      }
    }
    try archive.finish()
  }

  static func changedRoot(_ upper: CInt, _ lowers: LowerLayers?) throws(LayerError) -> TarEntry? {
    guard let below = try lowers?.findRoot() else { return nil }
    let status = try FileEntry.status(of: upper, [])
    let item = TreeWalk.Item(
      path: Array("./".utf8), name: LowerLayers.here, parent: upper, status: status, depth: 0)
    let attributes = try FileEntry.attributes(of: item)
    guard !isSame(status, attributes, below, exceptTime: true) else { return nil }
    return try FileEntry.make(item, attributes: attributes)
  }

  /// Whether a directory says the same of itself as the one below.
  static func isSame(
    _ status: stat, _ attributes: [TarEntry.Attribute], _ below: LowerLayers.Found, exceptTime: Bool
  ) -> Bool {
    let lower = below.status
    guard status.st_mode == lower.st_mode, status.st_uid == lower.st_uid, status.st_gid == lower.st_gid else {
      return false
    }
    let isSameTime =
      status.st_mtim.tv_sec == lower.st_mtim.tv_sec && status.st_mtim.tv_nsec == lower.st_mtim.tv_nsec
    guard exceptTime || isSameTime else { return false }
    return attributes.filter { FileEntry.isPortable($0.name) }
      == below.attributes.filter { FileEntry.isPortable($0.name) }
  }
}
