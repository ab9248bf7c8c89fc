internal import Dockerfile
internal import Glibc
internal import Kernel
internal import OCI

/// The directory of a `RUN --mount=type=cache`, which stays for later builds: `build/mounts/HEX/NUMBER`. Locked while it is
/// used, so that `prune` leaves it alone, and that `sharing` means what it says.
final class CacheMount {
  let path: String
  private let lock: Descriptor

  /// Copies that are private to builds at the same time.
  private static let mostPrivate = 1000

  init(_ mount: PreparedMount, _ session: BuildSession) throws(ImageError) {
    let name = ImageLibrary.digest(of: Array(mount.id.utf8)).hex
    let directory = "\(session.library.layout.buildMounts)/\(name)"
    try rethrowing { () throws(SystemError) in try Directories.make(directory) }
    var number = 0
    while true {
      let file = try rethrowing { () throws(SystemError) in
        try Descriptor.open("\(directory)/lock-\(number)", O_RDONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
      }
      let descriptor = file.number
      let kind = mount.step.sharing == .shared || mount.step.sharing == nil ? LOCK_SH : LOCK_EX
      if retrying({ flock(descriptor, kind | LOCK_NB) }) == 0 {
        lock = file
        break
      }
      guard errno == EWOULDBLOCK else { throw ImageError(SystemError("lock cache mount", mount.id)) }
      if mount.step.sharing == .private, number < Self.mostPrivate {
        number += 1
      } else {
        // Not by a flock that waits: an interruption could not end it.
        try session.interruption.check()
        usleep(50_000)
      }
    }
    path = "\(directory)/data-\(number)"
    if access(path, F_OK) == 0 { return }
    try make(mount, session)
  }

  /// With what `from` has, or empty; complete before it has its name.
  private func make(_ mount: PreparedMount, _ session: BuildSession) throws(ImageError) {
    let place: String
    if mount.step.from != nil {
      let (files, isFile) = try mount.material(session)
      guard !isFile else { throw ImageError("RUN --mount=type=cache: source is a file, and a directory is wanted") }
      place = files
    } else {
      place = session.newPath("cache")
      guard mkdir(place, 0o755) == 0 else { throw ImageError(SystemError("make cache mount", mount.id)) }
    }
    let step = mount.step
    guard chown(place, step.uid ?? 0, step.gid ?? 0) == 0, chmod(place, step.mode ?? 0o755) == 0 else {
      throw ImageError(SystemError("set owner and mode of cache mount", mount.id))
    }
    // Two that share it may make it at the same time: the first stays.
    if rename(place, path) != 0, access(path, F_OK) != 0 { throw ImageError(SystemError("make cache mount", mount.id)) }
  }
}
