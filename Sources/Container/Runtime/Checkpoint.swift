internal import Glibc
internal import Kernel
internal import OCI

extension Runtime {
  /// `checkpoint`: saves a running container. Unless it is to go on, it has stopped then, and its layer is kept.
  public func checkpoint(_ id: String, _ options: CheckpointOptions) throws(ContainerError) {
    var journal = try store.open(id, lock: true)
    let status = try state(of: journal).status
    guard status == .running || status == .paused, let record = journal.record, let process = try journal.process(),
      let cgroup = try cgroup(of: record)
    else { throw ContainerError("container is not running: \(status.rawValue) containers cannot be checkpointed") }
    let spec = try Self.spec(of: journal)
    let goesOn = options.leaveRunning || options.preDump
    let joined = try JoinedNamespaces(spec)
    if let layer = record.layer, access("\(layer)/upper", F_OK) != 0 {
      throw ContainerError("checkpoint: the container layer is in memory, and would be lost with the container")
    }

    let directories = try CriuDirectories(images: options.images, work: options.work)
    let facts = try kernel { () throws(SystemError) in try HostFacts.detect() }
    let plan = try Self.plan(spec, record, cgroup.placement, facts)
    let streams = try StreamNames(process: process.pid)
    var request = CriuRequest(
      kind: options.preDump ? .preDump : .dump, images: directories.images.number, work: directories.work.number)
    request.pid = process.pid
    request.root = record.rootfs
    request.options = options.criu
    request.leaveRunning = goesOn
    request.parentImages = options.parentImages
    request.external =
      try ExternalMounts(plan, cgroup: cgroup.placement)
      .dumped(process: process.pid) + streams.external
    request.external += joined.dumped
    request.cgroupRoots = cgroup.placement.criuRoots
    let yard = try directories.cgroupYard(cgroup.placement)
    request.cgroupYard = yard.path
    let saved = CheckpointRecord(id: id, streams: streams.names, keys: streams.keys, record: record)

    trace("step: criu \(options.preDump ? "pre-dump" : "dump")")
    unlink(directories.log("dump.log"))
    let wasPaused = status == .paused
    if wasPaused { try kernel { () throws(SystemError) in try cgroup.thaw() } }
    do throws(ContainerError) {
      if !options.preDump { try saved.write(directories.images.number) }
      let worker = try CriuWorker(options.criu.program, kept: [], log: directories.log("dump.log"))
      _ = try worker.serve(request) { (_, _, fd) throws(ContainerError) in if fd >= 0 { close(fd) } }
    } catch {
      // CRIU lets the processes go on; the images are of no use.
      unlinkat(directories.images.number, CheckpointRecord.file, 0)
      if wasPaused { try? kernel { () throws(SystemError) in try cgroup.freeze() } }
      throw error
    }
    if goesOn {
      if wasPaused { try kernel { () throws(SystemError) in try cgroup.freeze() } }
      return
    }
    try journal.note(.checkpointed)
    try kernel { () throws(SystemError) in
      guard try process.hasExited(timeout: 10_000) else {
        throw SystemError.refusal("container \(id) did not end within 10 s of its checkpoint")
      }
    }
    try removeCgroup(of: record, isOwn: true)
  }

  /// The plan that the container was made from.
  static func plan(
    _ spec: Spec, _ record: ContainerRecord, _ placement: CgroupPlacement, _ facts: HostFacts
  ) throws(ContainerError) -> LaunchPlan {
    var request = PlanRequest(
      spec: spec, id: record.id, bundle: record.bundle, rootPath: record.rootfs, cgroup: placement, facts: facts)
    request.hasLayers = record.layer != nil
    do throws(PlanError) { return try LaunchPlan.make(request) } catch { throw ContainerError("\(error)") }
  }
}

/// The directories that CRIU works in, made when missing.
struct CriuDirectories: ~Copyable {
  let images: Descriptor
  let work: Descriptor
  private let imagesPath: String
  private let workPath: String

  init(images: String, work: String?) throws(ContainerError) {
    let path = work ?? images
    let opened = try kernel { () throws(SystemError) in try Directories.open(images) }
    let openedWork = try kernel { () throws(SystemError) in try Directories.open(path) }
    self.images = opened
    self.work = openedWork
    imagesPath = images
    workPath = path
  }

  /// The same descriptors, in the mount namespace that the caller is in by now: CRIU mounts things in its directory.
  func reopen() throws(ContainerError) {
    for (number, path) in [(images.number, imagesPath), (work.number, workPath)] {
      try kernel { () throws(SystemError) in
        let opened = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        guard dup2(opened.number, number) >= 0, fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else {
          throw SystemError("open", path)
        }
      }
    }
  }

  func cgroupYard(_ placement: CgroupPlacement) throws(ContainerError) -> CgroupYard {
    try CgroupYard(placement, in: workPath)
  }

  func log(_ name: String) -> String { "\(workPath)/\(name)" }
}

/// Namespaces that the container has joined: they are not CRIU's to save.
struct JoinedNamespaces {
  private let paths: [(name: String, path: String, inode: UInt64)]

  init(_ spec: Spec) throws(ContainerError) {
    var paths: [(String, String, UInt64)] = []
    for namespace in spec.linux.namespaces {
      if namespace.type == .user {
        throw ContainerError("checkpoint and restore: containers with a user namespace are not supported")
      }
      guard let path = namespace.path else { continue }
      guard namespace.type == .network || namespace.type == .pid else {
        throw ContainerError("checkpoint and restore: not supported in a joined \(namespace.type) namespace")
      }
      var status = stat()
      guard stat(path, &status) == 0 else { throw ContainerError(SystemError("open namespace", path)) }
      paths.append((namespace.type == .network ? "net" : "pid", path, UInt64(status.st_ino)))
    }
    self.paths = paths
  }

  var dumped: [String] { paths.map { "\($0.name)[\($0.inode)]:swiftcr-\($0.name)" } }

  /// For a restore: the descriptors are the caller's to close.
  func opened() throws(ContainerError) -> [(key: String, number: CInt)] {
    var opened: [(String, CInt)] = []
    for (name, path, _) in paths {
      let file = try kernel { () throws(SystemError) in try Descriptor.open(path, O_RDONLY) }
      opened.append(("swiftcr-\(name)", file.release()))
    }
    return opened
  }
}

extension CgroupPlacement {
  /// For CRIU: where the container's processes go in each hierarchy.
  var criuRoots: [(controllers: String, path: String)] {
    directories.filter { !$0.isUnified || layout == .unified }.map { directory in
      let below = String(directory.path.dropFirst(directory.mountPoint.count))
      return (directory.controllers.joined(separator: ","), below)
    }
  }
}
