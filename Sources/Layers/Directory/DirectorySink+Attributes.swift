internal import CLinux
internal import Glibc
internal import Kernel

/// Attributes, in the order that keeps them: chown(2) takes away set-user-id bits, writing takes away capabilities, and
/// everything changes times. Without root's rights the mode comes after the extended attributes, which need the right to
/// write.
extension DirectorySink {
  var isPrivileged: Bool { caller.uid == 0 }

  /// The owner is not the one that every new file has. No directory passes its group on: `DirectoryCursor`.
  func owns(_ entry: TarEntry) -> Bool { isPrivileged && (entry.uid != caller.uid || entry.gid != caller.gid) }

  /// The mode with which an entry is made: what open(2) does not take comes later.
  func initialMode(_ entry: TarEntry) -> mode_t {
    entry.mode & 0o777 | (isPrivileged || entry.attributes.isEmpty || entry.kind == .symbolicLink ? 0 : 0o200)
  }

  /// Of a file that is open.
  mutating func setAttributes(of entry: TarEntry, _ number: CInt) throws(LayerError) {
    if owns(entry), fchown(number, entry.uid, entry.gid) != 0 { throw failure("change owner of", entry.path) }
    if !isPrivileged { try setExtendedAttributes(of: entry, number) }
    if entry.mode != initialMode(entry), fchmod(number, entry.mode) != 0 { throw failure("change mode of", entry.path) }
    if isPrivileged { try setExtendedAttributes(of: entry, number) }
    guard setTime(entry.modified.timespec, of: nil, in: number) == 0 else {
      throw failure("set the time of", entry.path)
    }
  }

  /// Of anything else, which must not be opened: it might be a device.
  mutating func setAttributes(of entry: TarEntry, _ name: [CChar], in directory: CInt) throws(LayerError) {
    guard entry.kind != .hardLink else { return }
    if owns(entry), fchownat(directory, name, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0 {
      throw failure("change owner of", entry.path)
    }
    if !isPrivileged { try setExtendedAttributes(of: entry, name, in: directory) }
    if entry.kind != .symbolicLink, entry.mode != initialMode(entry), fchmodat(directory, name, entry.mode, 0) != 0 {
      throw failure("change mode of", entry.path)
    }
    if isPrivileged { try setExtendedAttributes(of: entry, name, in: directory) }
    guard setTime(entry.modified.timespec, of: name, in: directory) == 0 else {
      throw failure("set the time of", entry.path)
    }
  }

  mutating func setExtendedAttributes(of entry: TarEntry, _ number: CInt) throws(LayerError) {
    for attribute in entry.attributes where try isWanted(attribute, of: entry) {
      try check(
        clinux_set_xattr(number, LayerPath.cString(attribute.name), attribute.value, attribute.value.count), entry)
    }
  }

  mutating func setExtendedAttributes(of entry: TarEntry, _ name: [CChar], in directory: CInt) throws(LayerError) {
    if entry.attributes.isEmpty { return }
    // The only way to an entry that is not opened (before Linux 6.13): its name in a directory that is.
    let path = LayerPath.cString("/proc/self/fd/\(directory)/".utf8).dropLast() + name
    for attribute in entry.attributes where try isWanted(attribute, of: entry) {
      let value = attribute.value
      try check(clinux_set_link_xattr(Array(path), LayerPath.cString(attribute.name), value, value.count), entry)
    }
  }

  /// Overlayfs's own would make a layer say something of other layers that its archive does not. The ACL that new entries
  /// of a directory inherit comes when there are no more new ones.
  private mutating func isWanted(_ attribute: TarEntry.Attribute, of entry: TarEntry) throws(LayerError) -> Bool {
    if OverlayAttribute.isReserved(attribute.name) { return false }
    guard attribute.name.elementsEqual("system.posix_acl_default".utf8) else { return true }
    try ending.add(defaultACL: attribute.value, of: LayerPath.clean(entry.path))
    return false
  }

  private mutating func check(_ result: CInt, _ entry: TarEntry) throws(LayerError) {
    if result == 0 { return }
    guard errno == EOPNOTSUPP || errno == EPERM else { throw failure("set extended attribute of", entry.path) }
    summary.droppedAttributes += 1
  }
}

extension TarEntry.Time {
  var timespec: Glibc.timespec { Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)) }
}
