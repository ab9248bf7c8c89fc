internal import CLinux
internal import Glibc
internal import Kernel

/// Making entries. A name is taken with the call that makes the entry; only when something has it already, that is
/// removed and the call repeated: the common case is one call.
extension DirectorySink {
  mutating func takeRoot(_ entry: TarEntry) throws(LayerError) {
    guard entry.kind == .directory else {
      throw LayerError("layer entry \(LayerPath.text(entry.path)): the layer's root is no directory")
    }
    if owns(entry), fchown(root.number, entry.uid, entry.gid) != 0 { throw failure("change owner of", []) }
    try setExtendedAttributes(of: entry, root.number)
    summary.impliesRoot = false
    cursor.setRoot(DirectoryCursor.Final(modified: entry.modified.timespec, mode: entry.mode))
  }

  mutating func makeDirectory(_ entry: TarEntry, _ name: [CChar], in directory: CInt) throws(LayerError) {
    let mode = cursor.workable(entry.mode)
    var isNew = mkdirat(directory, name, mode & 0o1777) == 0
    if !isNew {
      guard errno == EEXIST else { throw failure("make directory", entry.path) }
      var status = stat()
      guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw failure("look at", entry.path) }
      if status.st_mode & S_IFMT != S_IFDIR {
        if purpose == .files { throw failure("replace a file by a directory:", entry.path, .exists) }
        try replace(name, in: directory, entry)
        isNew = mkdirat(directory, name, mode & 0o1777) == 0
        guard isNew else { throw failure("make directory", entry.path) }
      }
    }
    if !isNew || owns(entry), isPrivileged, fchownat(directory, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0 {
      throw failure("change owner of", entry.path)
    }
    // It may have its final mode already, and pass its group on.
    if !isNew, fchmodat(directory, name, mode & 0o1777, 0) != 0 { throw failure("change mode of", entry.path) }
    try setExtendedAttributes(of: entry, name, in: directory)
    let isComplete = isNew && mode & 0o1777 == entry.mode
    cursor.didMake(
      name, DirectoryCursor.Final(modified: entry.modified.timespec, mode: isComplete ? nil : entry.mode))
    if !isNew || hasRemovedTrees { cursor.forgetImplied(name) }
  }

  /// - Returns: the file, open for writing.
  mutating func makeFile(_ entry: TarEntry, _ name: [CChar], in directory: CInt) throws(LayerError) -> CInt {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let mode = initialMode(entry)
    var number = retrying { openat(directory, name, flags, mode) }
    if number < 0, errno == EEXIST {
      try replace(name, in: directory, entry)
      number = retrying { openat(directory, name, flags, mode) }
    }
    guard number >= 0 else { throw failure("make", entry.path) }
    return number
  }

  /// Whatever takes no data: an empty file, too, since it needs no descriptor.
  ///
  /// - Returns: `false` for a device that may not be made.
  mutating func makeNode(_ entry: TarEntry, _ name: [CChar], in directory: CInt) throws(LayerError) -> Bool {
    if try tryNode(entry, name, in: directory) == 0 { return true }
    if errno == EEXIST {
      try replace(name, in: directory, entry)
      if try tryNode(entry, name, in: directory) == 0 { return true }
    }
    let isDevice = entry.kind == .blockDevice || entry.kind == .characterDevice
    guard isDevice, errno == EPERM else { throw failure("make", entry.path) }
    summary.skippedDevices += 1
    return false
  }

  private func tryNode(_ entry: TarEntry, _ name: [CChar], in directory: CInt) throws(LayerError) -> CInt {
    let mode = initialMode(entry)
    switch entry.kind {
    case .symbolicLink:
      guard !entry.target.contains(0) else { throw failure("make symbolic link", entry.path, .invalid) }
      return symlinkat(LayerPath.cString(entry.target), directory, name)
    case .fifo: return mknodat(directory, name, mode_t(S_IFIFO) | mode, 0)
    case .characterDevice: return mknodat(directory, name, mode_t(S_IFCHR) | mode, try device(entry))
    case .blockDevice: return mknodat(directory, name, mode_t(S_IFBLK) | mode, try device(entry))
    default: return mknodat(directory, name, mode_t(S_IFREG) | mode, 0)
    }
  }

  /// Linux has 12 bits for the major number and 20 for the minor.
  private func device(_ entry: TarEntry) throws(LayerError) -> dev_t {
    guard entry.deviceMajor < 1 << 12, entry.deviceMinor < 1 << 20 else {
      throw failure("make device", entry.path, .invalid)
    }
    return dev_t(clinux_device(entry.deviceMajor, entry.deviceMinor))
  }

  /// Removes what had the name before, a whole tree if it is one.
  mutating func replace(_ name: [CChar], in directory: CInt, _ entry: TarEntry) throws(LayerError) {
    cursor.didReplace()
    if unlinkat(directory, name, 0) == 0 { return }
    guard errno == EISDIR else { throw failure("replace", entry.path) }
    if purpose == .files { throw failure("replace a directory by a file:", entry.path, .exists) }
    do { try TreeRemoval.remove(name, at: directory) } catch { throw LayerError(error) }
    cursor.forgetImplied(name)
    if !lowerLinks.isEmpty { try lowerLinks.forgetTree(cursor.path(of: name)) }
    hasRemovedTrees = true
  }
}
