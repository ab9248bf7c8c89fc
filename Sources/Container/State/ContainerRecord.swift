internal import Glibc
internal import Kernel
public import OCI

/// What is written down about a container before anything of it is made: enough to take all of it down, whatever
/// happens in between.
public struct ContainerRecord: Sendable, Equatable {
  /// Of the journal's form. A journal with a higher one was written by a newer program.
  static let version: Int64 = 1

  public var id: ContainerID
  /// The bundle's absolute path.
  public var bundle: String
  /// The root file system's absolute path on the host.
  public var rootfs: String
  public var created: Timestamp
  /// The uid that the container belongs to.
  public var ownerID: UInt32
  public var annotations: [String: String] = [:]
  /// As config.json has it.
  public var ociVersion = ContainerState.ociVersion
  /// Of the host's boot in which the container was made: after another one, no pid in the journal means anything.
  public var bootID: String
  /// The program that is creating the container.
  public var runtime: ProcessID

  /// Cgroup directories that are to be removed, absolute.
  public var cgroups: [String] = []
  /// The systemd unit that is to be stopped.
  public var systemdUnit: String?
  /// The container layer's directory, absolute.
  public var layer: String?
  /// Leases in the image store, absolute paths of files.
  public var leases: [String] = []
  /// Mount points on the host that are to be unmounted, in the order in which they were mounted.
  public var mounts: [String] = []
  /// They run when the container is deleted, long after config.json may have changed.
  public var poststop: [Hook] = []
  /// Whether processes get a session keyring of their own.
  public var newKeyring = true

  /// A record of this moment, made by this process for its user.
  public init(id: ContainerID, bundle: String, rootfs: String) throws(ContainerError) {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    self.init(
      id: id, bundle: bundle, rootfs: rootfs,
      created: Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec)), ownerID: geteuid(),
      bootID: try Boot.id(), runtime: try .current())
  }

  init(
    id: ContainerID, bundle: String, rootfs: String, created: Timestamp, ownerID: UInt32, bootID: String,
    runtime: ProcessID
  ) {
    self.id = id
    self.bundle = bundle
    self.rootfs = rootfs
    self.created = created
    self.ownerID = ownerID
    self.bootID = bootID
    self.runtime = runtime
  }
}

/// A process's name that is never used twice during one boot.
public struct ProcessID: Sendable, Equatable {
  public var pid: Int32
  /// Clock ticks between the host's boot and the process's start.
  public var startTime: UInt64

  public init(pid: Int32, startTime: UInt64) {
    self.pid = pid
    self.startTime = startTime
  }

  /// The process that has this pid now.
  ///
  /// - Throws: when it is gone.
  public init(of pid: Int32) throws(ContainerError) {
    guard let stat = ProcessStat.read(pid) else {
      throw ContainerError("read", "/proc/\(pid)/stat", "no such process, or /proc is not mounted")
    }
    self.init(pid: pid, startTime: stat.startTime)
  }

  /// This process.
  public static func current() throws(ContainerError) -> ProcessID { try ProcessID(of: getpid()) }

  /// Whether it still runs; a zombie does not.
  public var isAlive: Bool {
    guard let stat = ProcessStat.read(pid) else { return false }
    return stat.startTime == startTime && !stat.isDead
  }
}

/// The host's boot.
public enum Boot {
  /// A UUID that is another one after each boot.
  public static func id() throws(ContainerError) -> String {
    let bytes = try translating { () throws(SystemError) in
      try readFile("/proc/sys/kernel/random/boot_id", limit: 64)
    }
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}
