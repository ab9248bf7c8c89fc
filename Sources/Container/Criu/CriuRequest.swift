/// What CRIU is asked for: the part of its `rpc.proto` that a container needs.
struct CriuRequest {
  /// `criu_req_type`.
  enum Kind: Int {
    case dump = 1
    case restore = 2
    case preDump = 4
  }

  /// `criu_cg_mode`.
  enum CgroupMode: Int {
    case ignore = 0
    case soft = 3
    case full = 4
    case strict = 5
  }

  let kind: Kind
  /// Descriptors of this process: CRIU opens them through procfs.
  let images: CInt
  let work: CInt
  var pid: Int32 = 0
  var root: String?
  var options = CriuOptions()
  var leaveRunning = false
  var parentImages: String?
  /// A resource that is not CRIU's to restore, and its name: `mnt[/data]:m3` to dump, `mnt[m3]:/host/data` to restore.
  var external: [String] = []
  /// The descriptors of CRIU's process that take the place of what had these names.
  var inherited: [(key: String, number: CInt)] = []
  /// See ``CgroupYard``.
  var cgroupYard: String?
  /// The cgroup for each hierarchy's controllers, below the hierarchy's root.
  var cgroupRoots: [(controllers: String, path: String)] = []

  var bytes: [UInt8] {
    var request = ProtobufWriter()
    request.add(1, kind.rawValue)
    request.add(2) { opts in write(&opts) }
    return request.bytes
  }

  /// The answer to a notification: go on, or give up.
  static func answer(_ succeeds: Bool) -> [UInt8] {
    var request = ProtobufWriter()
    request.add(1, 6)
    request.add(3, succeeds ? 1 : 0)
    return request.bytes
  }

  private func write(_ opts: inout ProtobufWriter) {
    opts.add(1, Int(images))
    if pid > 0 { opts.add(2, Int(pid)) }
    opts.add(3, leaveRunning)
    opts.add(4, options.externalSockets)
    opts.add(5, options.establishedTCP)
    opts.add(7, options.shellJob)
    opts.add(8, options.fileLocks)
    opts.add(9, 4)
    opts.add(10, kind == .restore ? "restore.log" : "dump.log")
    opts.add(12, true)
    if let root { opts.add(13, root) }
    if let parentImages { opts.add(14, parentImages) }
    opts.add(15, kind == .preDump || parentImages != nil)
    opts.add(16, options.autoDedup)
    opts.add(17, Int(work))
    opts.add(18, options.linkRemap)
    opts.add(24, options.cgroups != .ignore)
    for root in cgroupRoots {
      opts.add(25) { message in
        message.add(1, root.controllers)
        message.add(2, root.path)
      }
    }
    opts.add(26, kind == .restore)
    for descriptor in inherited {
      opts.add(27) { message in
        message.add(1, descriptor.key)
        message.add(2, Int(descriptor.number))
      }
    }
    opts.add(34, options.cgroups.rawValue)
    for resource in external { opts.add(37, resource) }
    if options.emptyNetwork { opts.add(38, 0x4000_0000) }
    opts.add(46, options.skipInFlight)
    // A terminal's master is ours, not the container's: it comes with a notification.
    opts.add(50, true)
    if let profile = options.lsmProfile { opts.add(53, profile) }
    if let cgroupYard { opts.add(60, cgroupYard) }
    // Its new engine cannot restore two mounts of one file system that both follow the host's, as bind mounts do by
    // default on a host whose mounts are shared.
    opts.add(65, kind == .restore)
  }
}
