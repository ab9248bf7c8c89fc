internal import CLinux
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

  /// Opens a directory of this program, through no symbolic link and over no mount (openat2, Linux 5.6).
  ///
  /// - Throws: `EXDEV` when something is mounted there, `ELOOP` for a link.
  public static func openOwn(_ name: String, at parent: CInt) throws(SystemError) -> Descriptor {
    try openOwn(Array(name.utf8CString), at: parent)
  }

  /// The same, of a name that may be no text; it ends with a zero byte.
  public static func openOwn(_ name: [CChar], at parent: CInt) throws(SystemError) -> Descriptor {
    let number = retrying { clinux_open_own_directory(parent, name) }
    guard number >= 0 else {
      throw SystemError("open directory", String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
    return Descriptor(adopting: number)
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
  public static func readEntries(
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
