internal import CLinux
internal import Glibc
internal import Kernel
public import OCI

/// Whose a layer is, written on its directory: the boot, and the store that has its container's journal.
struct LayerOwner: Equatable {
  /// The beginning of the boot's id: enough to tell two boots apart, and the whole mark stays inside of the inode.
  var boot: String
  /// The store's directory itself: at the same path, another mount namespace may have another one.
  var device: UInt64
  var inode: UInt64
  var path: String

  /// Of a store of this boot; `nil` when that cannot be told.
  init?(store: StateStore) {
    var status = stat()
    guard let boot = try? Boot.id(), fstat(store.directory.number, &status) == 0 else { return nil }
    self.boot = Self.short(boot)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    path = store.path
  }

  /// `nil` when the directory has no mark.
  init?(of directory: CInt) {
    var length = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 4608) { buffer, filled in
      if let base = buffer.baseAddress {
        length = Int(clinux_get_xattr(directory, Self.attribute, base, buffer.count))
      }
      filled = max(0, length)
    }
    let parts = bytes.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
    guard length > 0, parts.count == 4 else { return nil }
    let texts = parts.map { String(decoding: $0, as: UTF8.self) }
    guard let device = UInt64(texts[1], radix: 16), let inode = UInt64(texts[2], radix: 16) else { return nil }
    (boot, self.device, self.inode, path) = (texts[0], device, inode, texts[3])
  }

  private static let attribute = "user.swiftcr.owner"

  static func short(_ bootID: String) -> String { String(bootID.filter { $0 != "-" }.prefix(16)) }

  /// Not every file system takes it (tmpfs before Linux 6.6): the layer then is an orphan only after a reboot.
  func write(to directory: CInt) {
    let text = "\(boot) \(String(device, radix: 16)) \(String(inode, radix: 16)) \(path)"
    let bytes = Array(text.utf8)
    _ = clinux_set_xattr(directory, Self.attribute, bytes, bytes.count)
  }

  /// Whether the store at the path is the one that was meant.
  func isStoreInSight() -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
  }
}

extension ContainerLayer {
  /// Removes the layers whose containers are gone: of a boot before this, or killed between two steps.
  ///
  /// A layer is kept when its container's journal names it, when the journal cannot be read, and when its store is out
  /// of this mount namespace's sight.
  ///
  /// - Parameter id: only those of containers with this id; `nil` is all.
  /// - Returns: how many were removed, and why others could not be.
  public static func reapOrphans(
    in data: DataDirectory, of id: ContainerID? = nil
  ) throws(ContainerError) -> (removed: Int, failures: [ContainerError]) {
    let containers = try data.open(.containers)
    let names = try translating { () throws(SystemError) in
      try Directories.names(in: containers.number, limit: StateStore.most)
    }
    let boot = LayerOwner.short(try Boot.id())
    var removed = 0
    var failures: [ContainerError] = []
    for name in names {
      guard let owner = containerID(name), id == nil || id == owner else { continue }
      let path = "\(data.path(of: .containers))/\(name)"
      do throws(SystemError) {
        let isOrphan = try isOrphan(name, of: owner, path: path, at: containers.number, boot: boot)
        guard isOrphan else { continue }
        try TreeRemoval.remove(name, at: containers.number)
        removed += 1
      } catch {
        failures.append(ContainerError("remove container layer", path, error.description, cause: error))
      }
    }
    return (removed, failures)
  }

  /// The id in a layer's name, `nil` when it is none: eight digits and a hyphen follow it.
  private static func containerID(_ name: String) -> ContainerID? {
    let bytes = Array(name.utf8)
    guard bytes.count > 9, bytes[bytes.count - 9] == UInt8(ascii: "-") else { return nil }
    return try? ContainerID(validating: String(decoding: bytes.dropLast(9), as: UTF8.self))
  }

  private static func isOrphan(
    _ name: String, of id: ContainerID, path: String, at containers: CInt, boot: String
  ) throws(SystemError) -> Bool {
    let directory = try Directories.open(name, at: containers)
    guard let owner = LayerOwner(of: directory.number) else { return isBeforeBoot(directory.number) }
    let isInSight = owner.isStoreInSight()
    // Within a boot, a store that cannot be seen may well have a running container.
    guard isInSight || owner.boot != boot else { return false }
    // After a reboot the store is empty or gone; on a disk it may still have the journal, which `delete` takes care of.
    guard isInSight || access(owner.path, F_OK) == 0 else { return true }
    do throws(ContainerError) {
      let store = try StateStore(path: owner.path)
      guard let history = try store.open(id, lock: .none).load() else { return false }
      return history.record.layer != path
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
