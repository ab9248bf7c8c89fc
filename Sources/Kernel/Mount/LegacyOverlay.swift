internal import CLinux
internal import Glibc

/// What this process may use of the kernel.
public enum KernelFeatures {
  /// `SWIFTCR_KERNEL=5.15` takes the ways that the oldest supported kernel has, to try them on a newer one.
  public static let isOldest: Bool = getenv("SWIFTCR_KERNEL").map { String(cString: $0) } == "5.15"
}

extension DetachedMount {
  /// An overlay by mount(2), for kernels before 6.13, whose overlayfs takes no descriptors.
  ///
  /// The options have 4,096 bytes. Named by the numbers of their descriptors, which are names in `/proc/self/fd`, 500
  /// layers need half of that, and no character of a path has to be escaped. Such kernels also want idmapped layers
  /// attached somewhere, and the overlay itself: all of that is below one tmpfs, and goes with it.
  ///
  /// - Parameters:
  ///   - areMapped: the lowers are detached mounts.
  ///   - scaffold: an empty directory of the host; what a killed process left mounted there, `detach` takes away.
  static func legacyOverlay(
    lowers: [CInt], areMapped: Bool, upper: String, work: String, volatile: Bool, scaffold: String
  ) throws(SystemError) -> DetachedMount {
    guard mkdir(scaffold, 0o700) == 0 else { throw SystemError("make directory", scaffold) }
    defer { rmdir(scaffold) }
    let ground = try tmpfs(size: nil)
    try ground.attach(scaffold)
    defer { _ = detach(scaffold) }
    // Under a shared mount, as systemd makes the root, it is shared as well: the overlay would appear in every mount
    // namespace, and pivot_root(2) refuses a root that is shared.
    try ground.makePrivate()
    if areMapped {
      for lower in lowers {
        let place = "\(scaffold)/\(lower)"
        guard mkdir(place, 0o700) == 0, clinux_attach(lower, place) == 0 else {
          throw SystemError("attach layer at", place)
        }
      }
    }
    let upper = try Descriptor.open(upper, O_RDONLY | O_DIRECTORY)
    let work = try Descriptor.open(work, O_RDONLY | O_DIRECTORY)
    let merged = scaffold + "/merged"
    guard mkdir(merged, 0o700) == 0 else { throw SystemError("make directory", merged) }
    let stack = lowers.reversed().map { "\($0)" }.joined(separator: ":")
    let options =
      "lowerdir=\(stack),upperdir=\(upper.number),workdir=\(work.number)" + (volatile ? ",volatile" : "")
    guard options.utf8.count < 4096 else {
      throw SystemError("mount overlay", "(more layers than the options of mount(2) can name)", errno: .invalid)
    }
    try inDirectory("/proc/self/fd") { () throws(SystemError) in
      guard mount("overlay", merged, "overlay", 0, options) == 0 else { throw SystemError("mount overlay") }
    }
    return try clone(merged, recursive: false)
  }

  private static func inDirectory(
    _ path: String, _ body: () throws(SystemError) -> Void
  ) throws(SystemError) {
    let before = try Descriptor.open(".", O_RDONLY | O_DIRECTORY)
    guard chdir(path) == 0 else { throw SystemError("change to", path) }
    defer { _ = fchdir(before.number) }
    try body()
  }
}
