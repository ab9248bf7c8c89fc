internal import CLinux
internal import Glibc

/// Removes a directory tree that a container filled.
///
/// Everything is done relative to descriptors of directories that were opened through no link and over no mount, so
/// nothing outside can be reached, whatever the tree holds and however it changes meanwhile. A tree may be deeper than
/// there are stack and descriptors: what lies below `deepest` is moved up to the top and comes again.
public struct TreeRemoval {
  /// Directories that are held open at once.
  static let deepest = 16

  private let top: CInt
  private var nextName = 0
  /// Directories that were removed or moved: a pass without any is not worth another.
  private var changes = 0

  /// Removes the directory `name` of `parent` with all that is in it; nothing there is no error.
  ///
  /// - Throws: `EXDEV` or `EBUSY` when something is mounted in it; what could be removed before is gone then.
  public static func remove(_ name: String, at parent: CInt) throws(SystemError) {
    try remove(Array(name.utf8CString), at: parent)
  }

  /// The same for a name of any bytes, with the zero that ends it.
  public static func remove(_ name: [CChar], at parent: CInt) throws(SystemError) {
    if unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT { return }
    guard errno == ENOTEMPTY || errno == EEXIST || errno == EPERM || errno == EACCES else {
      throw SystemError("remove directory", text(name))
    }
    let top = try openForRemoval(name, at: parent)
    var removal = TreeRemoval(top: top.number)
    while true {
      let before = removal.changes
      try removal.empty(top.number, depth: 0)
      if unlinkat(parent, name, AT_REMOVEDIR) == 0 { return }
      let error = SystemError("remove directory", text(name))
      guard error.errno.code == ENOTEMPTY || error.errno.code == EEXIST, removal.changes != before else { throw error }
    }
  }

  private init(top: CInt) { self.top = top }

  /// Removes all entries of a directory, which may have new ones in the end if it is the top.
  private mutating func empty(_ directory: CInt, depth: Int) throws(SystemError) {
    guard lseek(directory, 0, SEEK_SET) == 0 else { throw SystemError("rewind directory") }
    while true {
      var names: [[CChar]] = []
      // The files at once, the directories after: a callback cannot change this value while it is being read.
      let isEnd = try Directories.readEntries(directory) { (name, isDirectory) throws(SystemError) in
        if !isDirectory, try Self.removeFile(name, in: directory) { return }
        names.append(Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
      }
      for name in names { try removeDirectory(name, in: directory, depth: depth) }
      if isEnd { return }
    }
  }

  /// - Returns: `false` when it is a directory.
  private static func removeFile(_ name: UnsafePointer<CChar>, in directory: CInt) throws(SystemError) -> Bool {
    if unlinkat(directory, name, 0) == 0 { return true }
    if errno == EISDIR { return false }
    if errno == EPERM || errno == EACCES {
      unlock(name, in: directory)
      if unlinkat(directory, name, 0) == 0 { return true }
      if errno == EISDIR { return false }
    }
    guard errno == ENOENT else { throw SystemError("remove", String(cString: name)) }
    return true
  }

  private mutating func removeDirectory(_ name: [CChar], in directory: CInt, depth: Int) throws(SystemError) {
    var isUnlocked = false
    var passes = 0
    changes += 1
    while unlinkat(directory, name, AT_REMOVEDIR) != 0 {
      switch errno {
      case ENOENT: return
      // More than once only where readdir skips entries while others are removed; not while somebody fills it.
      case ENOTEMPTY where passes < 100, EEXIST where passes < 100:
        passes += 1
        if depth + 1 >= Self.deepest { return try moveUp(name, from: directory) }
        let child = try Self.openForRemoval(name, at: directory)
        try empty(child.number, depth: depth + 1)
      case EPERM where !isUnlocked, EACCES where !isUnlocked:
        isUnlocked = true
        Self.unlock(name, in: directory)
      default: throw SystemError("remove directory", Self.text(name))
      }
    }
  }

  private mutating func moveUp(_ name: [CChar], from directory: CInt) throws(SystemError) {
    var isUnlocked = false
    while true {
      let target = "\(nextName)"
      nextName += 1
      if renameat(directory, name, top, target) == 0 { return }
      switch errno {
      case ENOTEMPTY, EEXIST, ENOTDIR: continue
      case EPERM where !isUnlocked, EACCES where !isUnlocked:
        isUnlocked = true
        Self.unlock(name, in: directory)
      default: throw SystemError("move directory", Self.text(name))
      }
    }
  }

  /// Opens a directory that may have no permissions: without privileges, they are given back first.
  private static func openForRemoval(
    _ name: UnsafePointer<CChar>, at parent: CInt
  ) throws(SystemError) -> Descriptor {
    var number = retrying { clinux_open_own_directory(parent, name) }
    if number < 0, errno == EACCES {
      _ = fchmodat(parent, name, 0o700, 0)
      number = retrying { clinux_open_own_directory(parent, name) }
    }
    guard number >= 0 else { throw SystemError("open directory", String(cString: name)) }
    return Descriptor(adopting: number)
  }

  /// Takes away what keeps an entry from being removed by its owner: permissions of the directory, or of the entry
  /// if that is one (its ".." changes when it moves), and the flags "immutable" and "append only" of both.
  private static func unlock(_ name: UnsafePointer<CChar>, in directory: CInt) {
    _ = clinux_clear_immutable(directory)
    _ = fchmod(directory, 0o700)
    var status = stat()
    guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
    let type = status.st_mode & S_IFMT
    guard type == S_IFDIR || type == S_IFREG else { return }
    // Nothing else is opened: a device would act on it.
    var number = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    if number < 0, errno == EACCES, fchmodat(directory, name, 0o700, 0) == 0 {
      number = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    }
    guard number >= 0 else { return }
    _ = clinux_clear_immutable(number)
    if type == S_IFDIR { _ = fchmod(number, 0o700) }
    close(number)
  }

  private static func text(_ name: [CChar]) -> String {
    String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
