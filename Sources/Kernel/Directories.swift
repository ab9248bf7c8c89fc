internal import Glibc

/// Directories of our own on the host.
public enum Directories {
  /// Opens a directory, made private with its parents when missing.
  public static func open(_ path: String) throws(SystemError) -> Descriptor {
    do throws(SystemError) {
      return try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    } catch {
      guard error.errno == .noEntry else { throw error }
    }
    try make(path)
    return try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
  }

  /// Makes a directory and its parents, mode 0700; what exists is left alone.
  public static func make(_ path: String) throws(SystemError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else {
      throw SystemError("make directory", path)
    }
    try make(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("make directory", path) }
  }

  /// The names in a directory, in no order.
  public static func names(_ path: String) throws(SystemError) -> [String] {
    guard let stream = opendir(path) else { throw SystemError("read directory", path) }
    defer { closedir(stream) }
    return names(stream)
  }

  private static func names(_ stream: OpaquePointer) -> [String] {
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Removes a tree of ours. Nothing outside of it is touched: directories are opened without following symlinks, and
  /// a file system that is mounted inside ends the removal. What is missing is fine.
  public static func removeTree(_ path: String) throws(SystemError) {
    if rmdir(path) == 0 || errno == ENOENT { return }
    let root: Descriptor
    do throws(SystemError) {
      root = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    } catch {
      if error.errno == .noEntry { return }
      throw error
    }
    var status = stat()
    guard fstat(root.number, &status) == 0 else { throw SystemError("remove", path) }
    try empty(root.number, device: status.st_dev, path: path)
    guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError("remove", path) }
  }

  /// Depth first without recursion: a directory in a directory is moved up into the top before it is emptied, so a
  /// tree of any depth takes two descriptors.
  private static func empty(_ root: CInt, device: dev_t, path: String) throws(SystemError) {
    var moved = 0
    while true {
      let directories = try unlinkFiles(in: root, device: device, path: path)
      if directories.isEmpty { return }
      for name in directories {
        if unlinkat(root, name, AT_REMOVEDIR) == 0 || errno == ENOENT { continue }
        let child = try openChild(root, name, device: device, path: path)
        for inner in try unlinkFiles(in: child.number, device: device, path: path) {
          if unlinkat(child.number, inner, AT_REMOVEDIR) == 0 { continue }
          // The tree may have directories of that name: they are in the way only until they are emptied.
          repeat { moved += 1 } while renameat(child.number, inner, root, ".remove-\(moved)") != 0 && errno == ENOTEMPTY
          guard faccessat(child.number, inner, F_OK, AT_SYMLINK_NOFOLLOW) != 0 else {
            throw SystemError("remove", "\(path)/…/\(inner)")
          }
        }
        guard unlinkat(root, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
          throw SystemError("remove", "\(path)/\(name)")
        }
      }
    }
  }

  private static func openChild(
    _ parent: CInt, _ name: String, device: dev_t, path: String
  ) throws(SystemError) -> Descriptor {
    let child = try Descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: parent)
    var status = stat()
    guard fstat(child.number, &status) == 0, status.st_dev == device else {
      throw SystemError("remove", "\(path)/\(name)", errno: Errno(EXDEV))
    }
    return child
  }

  /// Unlinks everything that is no directory, and names the directories.
  private static func unlinkFiles(in directory: CInt, device: dev_t, path: String) throws(SystemError) -> [String] {
    let copy = dup(directory)
    guard copy >= 0, let stream = fdopendir(copy) else { throw SystemError("read directory", path) }
    defer { closedir(stream) }
    rewinddir(stream)
    var directories: [String] = []
    for name in names(stream) {
      if unlinkat(directory, name, 0) == 0 || errno == ENOENT { continue }
      if errno == EISDIR || errno == EPERM {
        directories.append(name)
      } else {
        throw SystemError("remove", "\(path)/\(name)")
      }
    }
    return directories
  }
}
