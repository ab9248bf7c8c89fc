internal import Glibc
internal import Kernel
internal import OCI

/// Passes on that the container is ready to whoever started swiftcr as a service (`NOTIFY_SOCKET`), as runc does: the
/// container has a socket of its own, since the host's is neither in its file system nor its business.
struct Readiness: ~Copyable {
  private let socket: NotifySocket
  private let manager: ServiceManager

  /// Where the container finds it.
  private static let place = "/run/notify"
  private static let name = "notify.sock"

  /// Adds the socket's directory, which is still empty, to what the container gets.
  static func offer(_ directory: String, in spec: inout Spec) {
    var mount = Mount()
    (mount.destination, mount.type) = (place, "bind")
    mount.source = directory
    mount.options = ["bind", "nosuid", "noexec", "nodev", "ro"]
    spec.mounts.append(mount)
    spec.process?.env.append("NOTIFY_SOCKET=\(place)/\(name)")
  }

  /// Listens in a container's directory; `nil` if it was made without one.
  init?(_ manager: ServiceManager?, _ id: String, in store: borrowing StateStore) throws(ContainerError) {
    guard let manager else { return nil }
    let directory = try store.readiness(of: id)
    guard access(directory, F_OK) == 0 else { return nil }
    let bound = try kernel { () throws(SystemError) in
      // A socket's name is short, and an id may be long.
      let place = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      return try NotifySocket(path: "/proc/self/fd/\(place.number)/\(Self.name)")
    }
    self.manager = manager
    socket = bound
  }

  /// Makes the directory for it.
  static func prepare(_ directory: String) throws(ContainerError) {
    guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
      throw ContainerError(SystemError("make directory", directory))
    }
  }

  /// Removes what of it is there.
  static func remove(_ directory: String) {
    // Most containers have none.
    guard rmdir(directory) != 0, errno == ENOTEMPTY else { return }
    unlink("\(directory)/\(name)")
    rmdir(directory)
  }

  /// Readable when there is something to ``forward(process:)``.
  var descriptor: CInt { socket.descriptor.number }

  /// - Parameter process: the service's process from now on, when this one is about to end.
  /// - Returns: whether the container has said that it is ready.
  func forward(process: Int32?) throws(SystemError) -> Bool {
    guard try socket.saysReady() else { return false }
    try manager.tell(["READY=1"] + (process.map { ["MAINPID=\($0)"] } ?? []))
    return true
  }

  /// Waits until the container is ready, or has ended.
  func wait(_ process: Int32, pidfd: CInt) throws(ContainerError) {
    try kernel { () throws(SystemError) in
      while true {
        let ready = try waitReadable([pidfd, descriptor])
        if ready[1], try forward(process: process) { return }
        if ready[0] { return }
      }
    }
  }
}
