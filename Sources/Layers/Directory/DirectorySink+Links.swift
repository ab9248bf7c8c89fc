internal import CLinux
internal import Glibc
internal import Kernel

/// Hard links.
extension DirectorySink {
  /// The target is looked up in the layer with the layer as its root, as containerd does; the last part is not followed.
  mutating func makeHardLink(
    _ entry: TarEntry, _ path: [UInt8], _ name: [CChar], in directory: CInt
  ) throws(LayerError) {
    let target = try LayerPath.clean(entry.target)
    guard !target.isEmpty, !LayerPath.isInside(target, path) else { throw failure("make hard link", path, .invalid) }
    let (parent, last) = LayerPath.split(target)
    let targetName = LayerPath.cString(last)
    if parent.elementsEqual(LayerPath.split(path).parent) {
      if try link(targetName, in: directory, entry, name, to: directory) { return }
    } else {
      let number = retrying {
        clinux_find_in_root(root.number, LayerPath.cString(parent.isEmpty ? [LayerPath.dot] : parent), 1)
      }
      if number >= 0 {
        let found = Descriptor(adopting: number)
        if try link(targetName, in: found.number, entry, name, to: directory) { return }
      } else if errno != ENOENT, errno != ENOTDIR {
        throw failure("find the target of", path)
      }
    }
    var status = stat()
    if fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { try replace(name, in: directory, entry) }
    let place = cursor.path(of: name)
    try lowerLinks.add(LowerLink(path: place, target: lowerLinks.target(of: target) ?? target), at: place)
  }

  /// - Returns: `false` when there is no such target.
  private mutating func link(
    _ target: [CChar], in place: CInt, _ entry: TarEntry, _ name: [CChar], to directory: CInt
  ) throws(LayerError) -> Bool {
    if linkat(place, target, directory, name, 0) == 0 { return true }
    if errno == EEXIST {
      // Two names of one file may be said again.
      if isSame(target, in: place, name, in: directory) { return true }
      var status = stat()
      if fstatat(place, target, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFDIR {
        throw failure("make hard link", entry.path, .notPermitted)
      }
      try replace(name, in: directory, entry)
      if linkat(place, target, directory, name, 0) == 0 { return true }
    }
    guard errno == ENOENT || errno == ENOTDIR else { throw failure("make hard link", entry.path) }
    return false
  }

  private func isSame(_ first: [CChar], in place: CInt, _ second: [CChar], in other: CInt) -> Bool {
    var (one, two) = (stat(), stat())
    guard fstatat(place, first, &one, AT_SYMLINK_NOFOLLOW) == 0, fstatat(other, second, &two, AT_SYMLINK_NOFOLLOW) == 0
    else { return false }
    return one.st_ino == two.st_ino && one.st_dev == two.st_dev
  }
}
