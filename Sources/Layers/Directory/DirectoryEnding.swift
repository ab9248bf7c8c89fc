internal import CLinux
internal import Glibc
internal import Kernel

/// What waits until all entries of a layer are there.
struct DirectoryEnding {
  private(set) var opaque: Set<[UInt8]> = []
  private(set) var whiteouts: Set<[UInt8]> = []
  private(set) var defaultACLs: [[UInt8]: [UInt8]] = [:]
  private var size = 0

  mutating func add(_ mark: Whiteout.Mark) throws(LayerError) {
    try reserve(mark.path.count)
    if mark.isOpaque { opaque.insert(mark.path) } else { whiteouts.insert(mark.path) }
  }

  mutating func add(defaultACL value: [UInt8], of path: [UInt8]) throws(LayerError) {
    try reserve(path.count + value.count)
    defaultACLs[path] = value
  }

  private mutating func reserve(_ count: Int) throws(LayerError) {
    size += count + 64
    guard size <= DirectorySink.namesLimit else { throw LayerError("layer archive: too many whiteouts") }
  }

  mutating func insertOpaque(_ path: [UInt8]) { opaque.insert(path) }

  /// The entry lies in a directory that shows nothing of the layers below.
  func isHidden(_ path: [UInt8]) -> Bool {
    if opaque.isEmpty { return false }
    if opaque.contains([]) { return true }
    return path.indices.contains { path[$0] == LayerPath.slash && opaque.contains(Array(path[..<$0])) }
  }
}

extension DirectorySink {
  mutating func complete() throws(LayerError) {
    for path in ending.opaque.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      if path.isEmpty { summary.isOpaque = true }
      // What is a file here by now hides the directory below anyway.
      if let directory = try cursor.enter(path[...]) { try setOpaque(directory, path) }
    }
    // In order, so that those of a directory that turns out to be opaque come after it.
    for path in ending.whiteouts.sorted(by: { $0.lexicographicallyPrecedes($1) }) where !ending.isHidden(path) {
      try makeWhiteout(path)
    }
    try checkImplied()
    for (path, value) in ending.defaultACLs {
      guard let directory = try cursor.enter(path[...]) else { continue }
      if clinux_set_xattr(directory, "system.posix_acl_default", value, value.count) == 0 { continue }
      guard errno == EOPNOTSUPP || errno == EPERM else { throw failure("set extended attribute of", path) }
      summary.droppedAttributes += 1
    }
    try cursor.leaveAll()
  }

  /// A device 0:0, which users may make, too (Linux 5.8). In an opaque directory it would show up as a name without a file.
  private mutating func makeWhiteout(_ path: [UInt8]) throws(LayerError) {
    let (parent, last) = LayerPath.split(path)
    guard let directory = try cursor.enter(parent) else { return }
    let name = LayerPath.cString(last)
    if mknodat(directory, name, mode_t(S_IFCHR), 0) == 0 {
      // Nobody sees it; but a layer that is unpacked again is equal.
      guard setTime(timespec(), of: name, in: directory) == 0 else { throw failure("set the time of", path) }
      return
    }
    guard errno == EEXIST else { throw failure("make whiteout of", path) }
    var status = stat()
    guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw failure("look at", path) }
    // A file replaces what is below by itself.
    guard status.st_mode & S_IFMT == S_IFDIR else { return }
    cursor.forgetImplied(name)
    guard let own = try cursor.enter(path[...]) else { return }
    try setOpaque(own, path)
    ending.insertOpaque(path)
  }

  /// A rootless stack is mounted with `userxattr`, root's without: the other attribute would only be seen in containers.
  private func setOpaque(_ directory: CInt, _ path: [UInt8]) throws(LayerError) {
    let name = caller.isRootless ? "user.overlay.opaque" : "trusted.overlay.opaque"
    guard clinux_set_xattr(directory, name, [UInt8(ascii: "y")], 1) == 0 else { throw failure("make opaque", path) }
  }

  private mutating func checkImplied() throws(LayerError) {
    if hasRemovedTrees {
      let root = root.number
      cursor.forgetImplied { path in
        let number = clinux_find_in_root(root, LayerPath.cString(path), 0)
        guard number >= 0 else { return true }
        defer { close(number) }
        var status = stat()
        return fstat(number, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR
      }
    }
    summary.impliedDirectories = cursor.implied.sorted { $0.lexicographicallyPrecedes($1) }
    summary.lowerLinks = lowerLinks.all()
  }
}
