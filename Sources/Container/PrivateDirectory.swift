internal import Glibc
internal import Kernel

/// A directory that nobody but its owner can change, so that the names in it mean what was put there.
enum PrivateDirectory {
  /// Opens it, made first if there is none.
  ///
  /// - Throws: when it is another's, or others may write to it.
  static func open(_ path: String, mode: UInt32 = 0o700) throws(ContainerError) -> Descriptor {
    let directory = try translating { () throws(SystemError) in try Directories.openMaking(path, mode: mode) }
    var status = stat()
    guard fstat(directory.number, &status) == 0 else { throw ContainerError(SystemError("look at", path)) }
    guard status.st_uid == geteuid() else {
      throw ContainerError("use", path, "it belongs to uid \(status.st_uid), not to \(geteuid()): name another one")
    }
    guard status.st_mode & 0o022 == 0 else {
      throw ContainerError("use", path, "others may write to it: chmod go-w")
    }
    return directory
  }

  /// A directory of the user's own, `nil` for what is unset or relative: the XDG specification ignores those.
  static func absolute(_ path: String?) -> String? {
    guard let path, path.utf8.first == UInt8(ascii: "/") else { return nil }
    return path
  }
}
