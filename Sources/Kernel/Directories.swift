internal import CLinux
internal import Glibc

/// Names in directories that this program owns, by the directory's descriptor; a name is one component.
public enum Directories {
  /// Makes a directory and opens it.
  ///
  /// - Throws: `EEXIST` when the name is taken.
  public static func make(_ name: String, mode: UInt32, at parent: CInt) throws(SystemError) -> Descriptor {
    guard mkdirat(parent, name, mode) == 0 else { throw SystemError("make directory", name) }
    return try open(name, at: parent)
  }

  /// Opens a directory of this program, through no symbolic link and over no mount (openat2, Linux 5.6).
  ///
  /// - Throws: `EXDEV` when something is mounted there, `ELOOP` for a link.
  public static func open(_ name: String, at parent: CInt) throws(SystemError) -> Descriptor {
    let number = retrying { clinux_open_own_directory(parent, name) }
    guard number >= 0 else { throw SystemError("open directory", name) }
    return Descriptor(adopting: number)
  }

  /// Opens the directory at a host path; made first, with those above it, if there is none.
  ///
  /// - Parameter mode: of what is made.
  public static func openMaking(_ path: String, mode: UInt32) throws(SystemError) -> Descriptor {
    do throws(SystemError) {
      return try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    } catch {
      guard error.errno == .noEntry else { throw error }
    }
    var end = path.utf8.startIndex
    while end < path.utf8.endIndex {
      let next = path.utf8.index(after: end)
      end = path.utf8[next...].firstIndex(of: UInt8(ascii: "/")) ?? path.utf8.endIndex
      let part = String(path[..<end])
      if mkdir(part, mode) != 0, errno != EEXIST { throw SystemError("make directory", part) }
    }
    return try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
  }

  /// The names in a directory, but `.` and `..`, in no order.
  ///
  /// - Parameter limit: `EOVERFLOW` beyond so many.
  public static func names(in directory: CInt, limit: Int) throws(SystemError) -> [String] {
    var names: [String] = []
    guard lseek(directory, 0, SEEK_SET) == 0 else { throw SystemError("rewind directory") }
    while true {
      let isEnd = try readEntries(directory) { (name, _) throws(SystemError) in
        guard names.count < limit else { throw SystemError("list directory", errno: Errno(EOVERFLOW)) }
        names.append(String(cString: name))
      }
      if isEnd { return names }
    }
  }

  /// Reads the next entries of a directory.
  ///
  /// - Parameter body: is given a name, and whether it is known to be a directory's.
  /// - Returns: whether there are no more.
  static func readEntries(
    _ directory: CInt, _ body: (UnsafePointer<CChar>, Bool) throws(SystemError) -> Void
  ) throws(SystemError) -> Bool {
    let size = 16384
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    defer { buffer.deallocate() }
    guard let base = buffer.baseAddress else { throw SystemError("read directory", errno: Errno(ENOMEM)) }
    let count = Int(clinux_getdents(directory, base, size))
    guard count >= 0 else { throw SystemError("read directory") }
    // struct linux_dirent64: 8 bytes of inode, 8 of offset, 2 of length, 1 of type, the name.
    var offset = 0
    while offset + 19 < count {
      let length = Int(buffer.load(fromByteOffset: offset + 16, as: UInt16.self))
      let type = buffer.load(fromByteOffset: offset + 18, as: UInt8.self)
      let name = UnsafeRawPointer(base + offset + 19).assumingMemoryBound(to: CChar.self)
      offset += max(length, 24)
      if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { continue }
      try body(name, type == UInt8(DT_DIR))
    }
    return count == 0
  }
}
