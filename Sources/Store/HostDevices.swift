internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

/// The device nodes of the host, for `--privileged`.
enum HostDevices {
  /// What a container has its own of (moby, `pkg/devices`).
  private static let left: Set<String> = ["pts", "shm", "fd", "mqueue", "console", ".lxc", ".lxd-mounts", ".udev"]
  private static let most = 1 << 16

  static func all() throws(SystemError) -> [ContainerRequest.Host.Device] {
    var found: [ContainerRequest.Host.Device] = []
    try add("/dev", &found)
    return found
  }

  private static func add(_ path: String, _ found: inout [ContainerRequest.Host.Device]) throws(SystemError) {
    let directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    for name in try Directories.names(in: directory.number, limit: most).sorted() where !left.contains(name) {
      var status = stat()
      guard fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: try add("\(path)/\(name)", &found)
      case S_IFCHR, S_IFBLK:
        let number = UInt64(status.st_rdev)
        found.append(
          ContainerRequest.Host.Device(
            path: "\(path)/\(name)", isBlock: status.st_mode & S_IFMT == S_IFBLK, major: clinux_device_major(number),
            minor: clinux_device_minor(number), mode: status.st_mode & 0o777, uid: status.st_uid, gid: status.st_gid))
      default: break
      }
    }
  }
}
