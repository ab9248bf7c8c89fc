internal import Glibc
internal import Kernel

/// A line of `docker diff`.
public struct LayerChange: Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Character, Sendable {
    case added = "A"
    case changed = "C"
    case deleted = "D"
  }

  public let kind: Kind
  /// From the container's root, with a slash before it.
  public let path: [UInt8]

  public init(_ kind: Kind, _ path: [UInt8]) {
    self.kind = kind
    self.path = path
  }

  public var description: String { "\(kind.rawValue) \(LayerPath.text(path))" }
}

extension LayerDiff {
  /// Tells what a container added, changed and deleted, a directory before what is in it; one in which something changed
  /// has changed itself. Of what is deleted or added as a whole: a deleted directory is one line, an added one all of it.
  public static func changes(
    upper: CInt, over lowers: LowerLayers, namespace: OverlayNamespace = .trusted, limits: LayerLimits = .standard,
    _ body: (LayerChange) throws(LayerError) -> Void
  ) throws(LayerError) {
    var walk = try UpperWalk(upper: upper, lowers: lowers, namespace: namespace, limits: limits)
    /// Directories that lead to the current file and are as they were, so far.
    var unchanged: [(depth: Int, path: [UInt8])] = []
    func tell(_ kind: LayerChange.Kind, _ path: [UInt8]) throws(LayerError) {
      for (_, path) in unchanged { try body(LayerChange(.changed, [UInt8(ascii: "/")] + path)) }
      unchanged = []
      try body(LayerChange(kind, [UInt8(ascii: "/")] + path))
    }
    while let item = try walk.next() {
      let file = item.file
      unchanged.removeAll { $0.depth >= file.depth }
      guard item.effect != .removes else {
        try tell(.deleted, file.path)
        continue
      }
      guard let below = item.below else {
        try tell(.added, file.path)
        continue
      }
      guard file.isDirectory, let lower = below.directory else {
        try tell(.changed, file.path)
        continue
      }
      guard item.effect == .replaces || item.isAlone else {
        if isSame(file.status, item.attributes, below, exceptTime: false) {
          unchanged.append((file.depth, file.path))
        } else {
          try tell(.changed, file.path)
        }
        continue
      }
      // A new directory in an old one's place: what it does not have again is gone.
      try tell(.changed, file.path)
      for name in try lowers.names(in: lower, limit: limits.entries) where try !has(name, file) {
        try tell(.deleted, file.path + [UInt8(ascii: "/")] + name.dropLast().map { UInt8(bitPattern: $0) })
      }
    }
  }

  /// Whether a directory of the upperdir has a file of that name, and no whiteout.
  private static func has(_ name: [CChar], _ directory: TreeWalk.Item) throws(LayerError) -> Bool {
    let opened: Descriptor
    do throws(SystemError) {
      opened = try Directories.openOwn(directory.name, at: directory.parent)
    } catch {
      throw LayerError(error)
    }
    var status = stat()
    guard fstatat(opened.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
    return status.st_mode & S_IFMT != S_IFCHR || status.st_rdev != 0
  }
}
