internal import CLinux
internal import Glibc

/// A mount that is attached nowhere yet: handed over by descriptor, it appears in one mount namespace only.
public struct DetachedMount: ~Copyable, Sendable {
  public let descriptor: Descriptor

  /// An overlay (Documentation/filesystems/overlayfs.rst).
  ///
  /// - Parameters:
  ///   - lowers: the layers, bottom first, as open directories, or as detached mounts if they are mapped.
  ///   - upper, work: paths on one file system.
  ///   - volatile: no syncing at all; what it holds is lost with the host (Linux 5.10).
  ///   - scaffold: a path of the host that older kernels need for a moment; nothing is there yet.
  public static func overlay(
    lowers: [CInt], areMapped: Bool, upper: String, work: String, volatile: Bool, scaffold: String
  ) throws(SystemError) -> DetachedMount {
    var takesDescriptors = false
    let refusal: SystemError
    do throws(SystemError) {
      if KernelFeatures.isOldest { throw SystemError("mount overlay", errno: .invalid) }
      return try overlayByDescriptor(
        lowers: lowers, upper: upper, work: work, volatile: volatile, takesDescriptors: &takesDescriptors)
    } catch {
      refusal = error
    }
    // 6.15 is the first to take detached layers, 6.13 any descriptors; before 6.5 overlayfs has no such interface at all.
    guard [.invalid, .noSystemCall, .notSupported].contains(refusal.errno) else { throw refusal }
    do throws(SystemError) {
      return try legacyOverlay(
        lowers: lowers, areMapped: areMapped, upper: upper, work: work, volatile: volatile, scaffold: scaffold)
    } catch {
      // The new interface says in words what it does not like; the old one only does in the kernel's log.
      throw takesDescriptors ? refusal : error
    }
  }

  /// Linux 6.13.
  private static func overlayByDescriptor(
    lowers: [CInt], upper: String, work: String, volatile: Bool, takesDescriptors: inout Bool
  ) throws(SystemError) -> DetachedMount {
    let context = try open("overlay")
    // The kernel wants them top first.
    for lower in lowers.reversed() {
      guard clinux_fsconfig_fd(context.number, "lowerdir+", lower) == 0 else { throw refusal(context, "overlay") }
      takesDescriptors = true
    }
    for (key, value) in [("upperdir", upper), ("workdir", work)] {
      guard clinux_fsconfig_string(context.number, key, value) == 0 else { throw refusal(context, "overlay") }
    }
    if volatile, clinux_fsconfig_flag(context.number, "volatile") != 0 { throw refusal(context, "overlay") }
    return try create(context, "overlay", attributes: 0)
  }

  /// An overlay that nobody can write to, of two or more open directories, bottom first (Linux 6.13).
  public static func overlay(lowers: [CInt]) throws(SystemError) -> DetachedMount {
    let context = try open("overlay")
    for lower in lowers.reversed() {
      guard clinux_fsconfig_fd(context.number, "lowerdir+", lower) == 0 else { throw refusal(context, "overlay") }
    }
    return try create(context, "overlay", attributes: UInt32(clinux_attr_rdonly))
  }

  /// A tmpfs, of `size` bytes at most if given.
  public static func tmpfs(size: UInt64?) throws(SystemError) -> DetachedMount {
    let context = try open("tmpfs")
    _ = clinux_fsconfig_string(context.number, "mode", "0700")
    if let size, clinux_fsconfig_string(context.number, "size", "\(size)") != 0 { throw refusal(context, "tmpfs") }
    return try create(context, "tmpfs", attributes: 0)
  }

  /// The ext4 of a block device.
  static func ext4(device: String) throws(SystemError) -> DetachedMount {
    let context = try open("ext4")
    guard clinux_fsconfig_string(context.number, "source", device) == 0 else { throw refusal(context, "ext4") }
    return try create(context, "ext4", attributes: 0)
  }

  /// The EROFS that is in a regular file, without a loop device between (Linux 6.12).
  ///
  /// Read-only, without access times, and setuid bits and devices of no effect: as a lowerdir it is read by overlayfs,
  /// whose own mount says what holds for the container.
  ///
  /// - Throws: `ENOTBLK` when the kernel mounts block devices only.
  public static func erofs(file: String) throws(SystemError) -> DetachedMount {
    let context = try open("erofs")
    guard clinux_fsconfig_string(context.number, "source", file) == 0 else { throw refusal(context, "erofs") }
    guard clinux_fsconfig_flag(context.number, "ro") == 0 else { throw refusal(context, "erofs") }
    let attributes = clinux_attr_rdonly | clinux_attr_nosuid | clinux_attr_nodev | clinux_attr_noatime
    return try create(context, "erofs", attributes: UInt32(attributes))
  }

  /// A copy of the mount that a host path is on, starting at that path.
  public static func clone(_ path: String, recursive: Bool) throws(SystemError) -> DetachedMount {
    try clone(at: workingDirectory, path, recursive: recursive)
  }

  /// A copy of the mount at an open directory.
  public static func clone(descriptor: CInt) throws(SystemError) -> DetachedMount {
    try clone(at: descriptor, "", recursive: false)
  }

  private static func clone(at directory: CInt, _ path: String, recursive: Bool) throws(SystemError) -> DetachedMount {
    let number = clinux_clone_tree(directory, path, recursive ? 1 : 0)
    guard number >= 0 else { throw SystemError("clone mount", path) }
    return DetachedMount(descriptor: Descriptor(adopting: number))
  }

  /// Maps the mount's ids as a user namespace has them (Linux 5.12; not every file system can).
  public func mapIDs(userNamespace: CInt, recursive: Bool = false) throws(SystemError) {
    guard clinux_mount_setattr(descriptor.number, recursive ? 1 : 0, 0, 0, 0, userNamespace) == 0 else {
      throw SystemError("map ids of mount")
    }
  }

  /// Attaches it at a host path.
  public func attach(_ path: String) throws(SystemError) {
    guard clinux_attach(descriptor.number, path) == 0 else { throw SystemError("attach mount at", path) }
  }

  /// Attaches it at what is open.
  public func attach(to place: CInt) throws(SystemError) {
    guard clinux_attach_to(descriptor.number, place) == 0 else { throw SystemError("attach mount") }
  }

  /// Keeps what is mounted on it from now on in this mount namespace.
  func makePrivate() throws(SystemError) {
    guard clinux_mount_setattr(descriptor.number, 0, 0, 0, UInt64(MS_PRIVATE), -1) == 0 else {
      throw SystemError("make mount private")
    }
  }

  /// What is mounted on the host still arrives in its tree; what is mounted in there does not arrive on the host.
  public func makeSlave() throws(SystemError) {
    guard clinux_mount_setattr(descriptor.number, 1, 0, 0, UInt64(MS_SLAVE), -1) == 0 else {
      throw SystemError("make mount a slave")
    }
  }

  /// Detaches what is mounted at a host path; false if nothing is.
  public static func detach(_ path: String) -> Bool { clinux_detach(path) == 0 }

  private static func open(_ type: String) throws(SystemError) -> Descriptor {
    let number = clinux_fsopen(type)
    guard number >= 0 else { throw SystemError("open file system", type) }
    return Descriptor(adopting: number)
  }

  private static func create(
    _ context: borrowing Descriptor, _ type: String, attributes: UInt32
  ) throws(SystemError) -> DetachedMount {
    guard clinux_fsconfig_create(context.number) == 0 else { throw refusal(context, type) }
    let number = clinux_fsmount(context.number, attributes)
    guard number >= 0 else { throw refusal(context, type) }
    return DetachedMount(descriptor: Descriptor(adopting: number))
  }

  /// The file system's own words are in the context: "e overlay: maximum fs stacking depth exceeded".
  private static func refusal(_ context: borrowing Descriptor, _ type: String) -> SystemError {
    let reason = Errno.last
    let number = context.number
    let words = [UInt8](unsafeUninitializedCapacity: 512) { buffer, count in
      count = max(0, read(number, buffer.baseAddress, 512))
    }
    let text = String(decoding: words.dropFirst(2), as: UTF8.self)
    let line = text.prefix { $0 != "\n" }
    return SystemError("mount \(type)", line.isEmpty ? "" : "(\(line))", errno: reason)
  }
}
