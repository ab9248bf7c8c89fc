internal import CLinux
internal import Glibc
internal import Kernel

/// Whose a layer is, written on its directory: the boot, and the store that has its container's journal.
struct LayerOwner: Equatable {
  /// The beginning of the boot's id: enough to tell two boots apart, and the whole mark stays inside of the inode.
  var boot: String
  /// The store's directory itself: at the same path, another mount namespace may have another one.
  var device: UInt64
  var inode: UInt64
  var path: String

  /// Of a store of this boot; `nil` when that cannot be told.
  init?(store directory: CInt, path: String) {
    var status = stat()
    let boot = BootID.current
    guard !boot.isEmpty, fstat(directory, &status) == 0 else { return nil }
    self.boot = Self.short(boot)
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    self.path = path
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
  func mark(_ layer: String) {
    guard let directory = try? Descriptor.open(layer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { return }
    let text = "\(boot) \(String(device, radix: 16)) \(String(inode, radix: 16)) \(path)"
    let bytes = Array(text.utf8)
    _ = clinux_set_xattr(directory.number, Self.attribute, bytes, bytes.count)
  }

  /// Whether the store at the path is the one that was meant.
  func isStoreInSight() -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
  }
}
