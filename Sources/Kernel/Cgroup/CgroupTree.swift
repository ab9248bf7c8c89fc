internal import CLinux
internal import Glibc

/// A directory's name as the kernel has it: any bytes but a slash.
typealias CgroupName = ContiguousArray<CChar>

/// A walk through a cgroup and the cgroups that the container made below it.
///
/// It goes by descriptors: down with O_NOFOLLOW, up with "..", which the kernel cannot lead elsewhere (cgroups are never
/// moved to another parent). So its memory and descriptors do not grow with a depth that the container chose.
enum CgroupTree {
  /// Calls `enter` with each directory, parents first, then `leave` with the parent of each and its name, children first.
  /// The topmost is only entered.
  static func walk(
    _ path: String, enter: (CInt) throws(SystemError) -> Void,
    leave: (CInt, borrowing CgroupName) throws(SystemError) -> Void
  ) throws(SystemError) {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
    let top = try Descriptor.open(path, flags)
    try enter(top.number)
    var below: Descriptor?
    var pending = [try children(of: top.number)]
    var names: [CgroupName] = []
    while true {
      let here = below?.number ?? top.number
      if let name = pending[pending.count - 1].popLast() {
        let child = name.withUnsafeBufferPointer { name in
          name.baseAddress.map { openat(here, $0, flags | O_CLOEXEC) } ?? -1
        }
        if child < 0 {
          // Removed meanwhile by its owner.
          if errno == ENOENT || errno == ENODEV { continue }
          throw SystemError("open cgroup below", path)
        }
        below = Descriptor(adopting: child)
        names.append(name)
        do throws(SystemError) {
          try enter(child)
          pending.append(try children(of: child))
        } catch {
          guard error.errno == .noEntry || error.errno.code == ENODEV else { throw error }
          pending.append([])
        }
        continue
      }
      guard let name = names.popLast() else { return }
      pending.removeLast()
      if names.isEmpty {
        below = nil
      } else {
        below = try Descriptor.open("..", O_RDONLY | O_DIRECTORY, at: here)
      }
      try leave(below?.number ?? top.number, name)
    }
  }

  /// The directories in a directory.
  static func children(of directory: CInt) throws(SystemError) -> [CgroupName] {
    let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = fdopendir(copy) else {
      let failure = Errno.last
      if copy >= 0 { close(copy) }
      throw SystemError("read directory", "of a cgroup", errno: failure)
    }
    defer { closedir(stream) }
    var names: [CgroupName] = []
    while let entry = readdir(stream) {
      guard Int(entry.pointee.d_type) == DT_DIR else { continue }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { start in
          CgroupName(UnsafeBufferPointer(start: start, count: strnlen(start, 255))) + [0]
        }
      }
      if name == [46, 0] || name == [46, 46, 0] { continue }
      names.append(name)
    }
    return names
  }
}
