internal import CLinux
internal import Glibc

/// Files of a tree that is not trusted.
public enum InRoot {
  /// Opens a plain file for reading. Symbolic links lead nowhere out of the tree; what is no plain file is not opened.
  ///
  /// - Parameter root: the tree's root, open.
  public static func openFile(_ path: String, at root: CInt) throws(SystemError) -> Descriptor {
    let number = retrying { clinux_find_in_root(root, path, 1) }
    guard number >= 0 else { throw SystemError("open", path) }
    let found = Descriptor(adopting: number)
    var status = stat()
    guard fstat(number, &status) == 0 else { throw SystemError("open", path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SystemError("open \(path): it is no plain file", errno: Errno(0))
    }
    return try Descriptor.open("/proc/self/fd/\(found.number)", O_RDONLY)
  }

  /// Reads a plain file of bounded size.
  public static func readFile(_ path: String, limit: Int, at root: CInt) throws(SystemError) -> [UInt8] {
    try openFile(path, at: root).readAll(limit: limit, subject: path)
  }
}
