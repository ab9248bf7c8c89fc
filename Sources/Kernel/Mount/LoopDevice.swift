internal import CLinux
internal import Glibc

/// A block device over a file, free again once nothing has it open or mounted (LO_FLAGS_AUTOCLEAR).
public struct LoopDevice: ~Copyable {
  public let path: String
  /// Keeps the device until it is mounted.
  private let descriptor: Descriptor

  /// As many as may take a device from under our hands, one after another.
  private static let mostTries = 64

  /// Attaches a file to a free device.
  public init(over file: String) throws(SystemError) {
    let image = try Descriptor.open(file, O_RDWR)
    let control = try Descriptor.open("/dev/loop-control", O_RDWR)
    for _ in 0..<Self.mostTries {
      let number = clinux_loop_free(control.number)
      guard number >= 0 else { throw SystemError("find free loop device") }
      let path = "/dev/loop\(number)"
      let device = try Descriptor.open(path, O_RDWR)
      if clinux_loop_configure(device.number, image.number) == 0 {
        self.path = path
        descriptor = device
        return
      }
      // Somebody else was told the same number.
      guard Errno.last == .busy else { throw SystemError("attach \(file) to", path) }
    }
    throw SystemError("find free loop device", errno: .busy)
  }

  /// Mounts the ext4 that is in the file, attached nowhere; from then on the mount keeps the device.
  public func mountExt4() throws(SystemError) -> DetachedMount {
    try DetachedMount.ext4(device: path)
  }
}
