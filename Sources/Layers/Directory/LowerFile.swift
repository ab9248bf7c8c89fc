internal import CLinux
internal import Glibc
internal import Kernel

/// A file of the layers below, found as overlayfs would.
struct LowerFile: ~Copyable {
  private let directory: Descriptor
  private let name: [CChar]
  private let status: stat

  /// - Parameter lower: the layers, bottom first.
  /// - Returns: `nil` when no layer has it, or one hides it. Symbolic links on the way are not followed: they would have to
  ///   be in the merged tree.
  init?(_ path: [UInt8], in lower: [CInt]) throws(LayerError) {
    let parts = path.split(separator: LayerPath.slash).map { LayerPath.cString($0) }
    guard let name = parts.last else { return nil }
    for layer in lower.reversed() {
      guard var directory = try? Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: layer) else { continue }
      var isHiding = false
      var isComplete = true
      for part in parts.dropLast() {
        let next = retrying { clinux_open_own_directory(directory.number, part) }
        guard next >= 0 else {
          // Anything but nothing is in the way of the layers below: a file, a link, a whiteout.
          isHiding = isHiding || errno != ENOENT
          isComplete = false
          break
        }
        directory = Descriptor(adopting: next)
        isHiding = isHiding || Self.isOpaque(directory.number)
      }
      var status = stat()
      if isComplete, fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 {
        let type = status.st_mode & S_IFMT
        if type == S_IFDIR || (type == S_IFCHR && status.st_rdev == 0) { return nil }
        self.directory = directory
        self.name = name
        self.status = status
        return
      }
      if isHiding { return nil }
    }
    return nil
  }

  private static func isOpaque(_ directory: CInt) -> Bool {
    ["trusted.overlay.opaque", "user.overlay.opaque"].contains { name in
      var value: CChar = 0
      return clinux_get_xattr(directory, name, &value, 1) == 1 && value == CChar(bitPattern: UInt8(ascii: "y"))
    }
  }

  /// What an archive would say of it.
  func entry(path: [UInt8]) throws(LayerError) -> TarEntry {
    var entry = TarEntry(
      kind: .file, path: path, mode: status.st_mode & 0o7777, uid: status.st_uid, gid: status.st_gid,
      modified: TarEntry.Time(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: UInt32(status.st_mtim.tv_nsec)))
    switch status.st_mode & S_IFMT {
    case S_IFREG: entry.size = UInt64(status.st_size)
    case S_IFLNK:
      entry.kind = .symbolicLink
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = readlinkat(directory.number, name, &buffer, buffer.count)
      guard count >= 0 else { throw failure("read symbolic link", path) }
      entry.target = buffer[..<count].map { UInt8(bitPattern: $0) }
    case S_IFIFO: entry.kind = .fifo
    case S_IFCHR, S_IFBLK:
      entry.kind = status.st_mode & S_IFMT == S_IFCHR ? .characterDevice : .blockDevice
      entry.deviceMajor = clinux_device_major(UInt64(status.st_rdev))
      entry.deviceMinor = clinux_device_minor(UInt64(status.st_rdev))
    default: throw failure("copy", path, .notSupported)
    }
    entry.attributes = try attributes(path)
    return entry
  }

  private func attributes(_ path: [UInt8]) throws(LayerError) -> [TarEntry.Attribute] {
    let place = Array(LayerPath.cString("/proc/self/fd/\(directory.number)/".utf8).dropLast() + name)
    var names = [CChar](repeating: 0, count: 1 << 16)
    let count = clinux_list_link_xattr(place, &names, names.count)
    guard count >= 0 || errno == EOPNOTSUPP else { throw failure("read extended attributes of", path) }
    var attributes: [TarEntry.Attribute] = []
    for name in names[..<max(0, Int(count))].split(separator: 0) {
      var value = [UInt8](repeating: 0, count: 1 << 16)
      let size = clinux_get_link_xattr(place, Array(name) + [0], &value, value.count)
      guard size >= 0 else { throw failure("read extended attributes of", path) }
      attributes.append(
        TarEntry.Attribute(name: name.map { UInt8(bitPattern: $0) }, value: Array(value[..<Int(size)])))
    }
    return attributes
  }

  /// Copies what is not a hole.
  func copyData(to target: CInt, size: UInt64) throws(LayerError) {
    let path = name.dropLast().map { UInt8(bitPattern: $0) }
    let number = retrying { openat(directory.number, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) }
    guard number >= 0 else { throw failure("open a layer's file", path) }
    let source = Descriptor(adopting: number)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
    defer { buffer.deallocate() }
    var position: Int64 = 0
    while true {
      let data = clinux_seek_data(source.number, position)
      if data < 0 { break }
      let hole = clinux_seek_hole(source.number, data)
      position = data
      while position < hole {
        let wanted = min(buffer.count, Int(hole - position))
        let count = retrying { pread(source.number, buffer.baseAddress, wanted, off_t(position)) }
        guard count > 0, retrying({ pwrite(target, buffer.baseAddress, count, off_t(position)) }) == count else {
          throw failure("copy from a layer below", path)
        }
        position += Int64(count)
      }
    }
    guard errno == ENXIO, ftruncate(target, off_t(size)) == 0 else {
      throw failure("copy from a layer below", path)
    }
  }

  private func failure(_ step: String, _ path: [UInt8], _ number: Errno = .last) -> LayerError {
    LayerError("unpack layer: \(step) \(LayerPath.text(path)): \(number)", errno: number)
  }
}
