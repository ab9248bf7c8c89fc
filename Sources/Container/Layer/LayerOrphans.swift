internal import Glibc
internal import Kernel

extension ContainerLayer {
  /// Removes the layers whose containers are gone: of a boot before this, or killed between two steps.
  ///
  /// A layer is kept when its container's journal names it, when the journal cannot be read, and when its store is out
  /// of this mount namespace's sight.
  ///
  /// - Parameter id: only those of containers with this id; `nil` is all.
  /// - Returns: how many were removed, and why others could not be.
  static func reapOrphans(
    of id: String? = nil, in directory: String = DataDirectory.containers
  ) throws(ContainerError) -> (removed: Int, failures: [ContainerError]) {
    let containers = try kernel { () throws(SystemError) in try Directories.open(directory) }
    let names = try kernel { () throws(SystemError) in
      try Directories.names(in: containers.number, limit: StateStore.most)
    }
    let boot = LayerOwner.short(BootID.current)
    var removed = 0
    var failures: [ContainerError] = []
    for name in names {
      guard let owner = containerID(name), id == nil || id == owner else { continue }
      let path = "\(directory)/\(name)"
      do throws(ContainerError) {
        let isOrphan = try kernel { () throws(SystemError) -> Bool in
          try Self.isOrphan(name, of: owner, path: path, at: containers.number, boot: boot)
        }
        guard isOrphan else { continue }
        detachMounts(path)
        try removeTree(name, at: containers.number)
        removed += 1
      } catch {
        failures.append(ContainerError("remove container layer \(path): \(error)", errno: error.errno))
      }
    }
    return (removed, failures)
  }

  /// The id in a layer's name, `nil` when it is none: eight digits and a hyphen follow it.
  private static func containerID(_ name: String) -> String? {
    let bytes = Array(name.utf8)
    guard bytes.count > 9, bytes[bytes.count - 9] == UInt8(ascii: "-") else { return nil }
    return String(decoding: bytes.dropLast(9), as: UTF8.self)
  }

  private static func isOrphan(
    _ name: String, of id: String, path: String, at containers: CInt, boot: String
  ) throws(SystemError) -> Bool {
    let directory = try Directories.openOwn(name, at: containers)
    guard let owner = LayerOwner(of: directory.number) else { return isBeforeBoot(directory.number) }
    let isInSight = owner.isStoreInSight()
    // Within a boot, a store that cannot be seen may well have a running container.
    guard isInSight || owner.boot != boot else { return false }
    // After a reboot the store is empty or gone; on a disk it may still have the journal, which `delete` takes care of.
    guard isInSight || access(owner.path, F_OK) == 0 else { return true }
    do throws(ContainerError) {
      guard let record = try StateStore(root: owner.path).open(id, lock: false).record else { return false }
      return record.layer != path
    } catch {
      return error.errno == .noEntry
    }
  }

  /// Changed for the last time before the host was started.
  private static func isBeforeBoot(_ directory: CInt) -> Bool {
    var status = stat()
    var now = timespec()
    var sinceBoot = timespec()
    guard fstat(directory, &status) == 0 else { return false }
    clock_gettime(CLOCK_REALTIME, &now)
    clock_gettime(CLOCK_BOOTTIME, &sinceBoot)
    // A minute for clocks that are set during the boot.
    return status.st_ctim.tv_sec < now.tv_sec - sinceBoot.tv_sec - 60
  }
}
