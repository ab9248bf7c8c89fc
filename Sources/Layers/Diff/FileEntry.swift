internal import Glibc
internal import Kernel

/// A file of a tree as an entry of an archive.
enum FileEntry {
  /// What is said of a file; nil for a socket, which no archive has, as with docker.
  ///
  /// - Parameter attributes: all that the file has; those that mean something on another host are kept.
  static func make(_ item: TreeWalk.Item, attributes: [TarEntry.Attribute]) throws(LayerError) -> TarEntry? {
    let status = item.status
    guard let kind = kind(of: status.st_mode) else { return nil }
    var entry = TarEntry(
      kind: kind, path: item.path, mode: status.st_mode & 0o7777, uid: status.st_uid, gid: status.st_gid,
      modified: TarEntry.Time(
        seconds: Int64(status.st_mtim.tv_sec), nanoseconds: UInt32(status.st_mtim.tv_nsec)),
      attributes: attributes.filter { isPortable($0.name) })
    switch kind {
    case .file: entry.size = UInt64(status.st_size)
    case .symbolicLink: entry.target = try target(of: item)
    case .characterDevice, .blockDevice:
      let device = UInt64(status.st_rdev)
      entry.deviceMajor = UInt32(device >> 8 & 0xfff | device >> 32 & ~0xfff)
      entry.deviceMinor = UInt32(device & 0xff | device >> 12 & 0xffff_ff00)
    case .directory, .fifo, .hardLink: break
    }
    return entry
  }

  /// All extended attributes of a file.
  static func attributes(of item: TreeWalk.Item) throws(LayerError) -> [TarEntry.Attribute] {
    do throws(SystemError) {
      return try attributes(item.name, in: item.parent)
    } catch {
      throw LayerError(error)
    }
  }

  static func attributes(_ name: [CChar], in parent: CInt) throws(SystemError) -> [TarEntry.Attribute] {
    var attributes: [TarEntry.Attribute] = []
    for attribute in try ExtendedAttributes.names(of: name, in: parent) {
      // Gone meanwhile, or listed but not to be read.
      guard let value = try ExtendedAttributes.value(of: attribute, name, in: parent) else { continue }
      attributes.append(TarEntry.Attribute(name: attribute, value: value))
    }
    return attributes
  }

  /// Whether an attribute belongs to the file, wherever it goes. A SELinux label and a signature of IMA or EVM are
  /// this host's, overlayfs's books this mount's.
  static func isPortable(_ name: [UInt8]) -> Bool {
    if OverlayAttribute.isReserved(name) { return false }
    let text = String(decoding: name, as: UTF8.self)
    if text.hasPrefix("system.") { return text.hasPrefix("system.posix_acl_") }
    return !["security.selinux", "security.evm", "security.ima"].contains(text)
  }

  /// Opens a regular file for reading; what is another kind of file by now is an error.
  static func open(_ item: TreeWalk.Item) throws(LayerError) -> Descriptor {
    // Without O_NONBLOCK, a pipe in its place would stop us.
    let number = retrying { openat(item.parent, item.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
    guard number >= 0 else { throw LayerError(SystemError("read layer: open", "\(LayerPath.text(item.path))")) }
    let file = Descriptor(adopting: number)
    guard try status(of: file.number, item.path).st_mode & S_IFMT == S_IFREG else {
      throw LayerError("read layer: \(LayerPath.text(item.path)) was exchanged while it was read")
    }
    return file
  }

  static func status(of file: CInt, _ path: [UInt8]) throws(LayerError) -> stat {
    var status = stat()
    guard fstat(file, &status) == 0 else {
      throw LayerError(SystemError("read layer: stat", "\(LayerPath.text(path))"))
    }
    return status
  }

  private static func kind(of mode: mode_t) -> TarEntry.Kind? {
    switch mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .directory
    case S_IFLNK: .symbolicLink
    case S_IFCHR: .characterDevice
    case S_IFBLK: .blockDevice
    case S_IFIFO: .fifo
    default: nil
    }
  }

  private static func target(of item: TreeWalk.Item) throws(LayerError) -> [UInt8] {
    var target = [CChar](repeating: 0, count: 4096)
    let count = max(0, readlinkat(item.parent, item.name, &target, target.count))
    let bytes = target[..<count].map { UInt8(bitPattern: $0) }
    guard !bytes.isEmpty else { throw LayerError(SystemError("read layer: read link", "\(LayerPath.text(item.path))")) }
    return bytes
  }
}

/// Extended attributes that a file keeps wherever it goes.
public enum PortableAttributes {
  /// In the order of their names.
  ///
  /// - Parameters:
  ///   - name: one component, or a dot for the directory itself.
  ///   - directory: open, for its name at least.
  public static func of(_ name: [UInt8], in directory: CInt) throws(LayerError) -> [TarEntry.Attribute] {
    do throws(SystemError) {
      return try FileEntry.attributes(LayerPath.cString(name), in: directory).filter { FileEntry.isPortable($0.name) }
    } catch {
      throw LayerError(error)
    }
  }
}
