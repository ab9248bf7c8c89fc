internal import Glibc
internal import Kernel
internal import OCI

/// A bundle, read and checked: everything that can be wrong without the host's help.
struct Bundle {
  let path: String
  let config: [UInt8]
  var spec: Spec
  var layers: LayerRequest?

  init(_ path: String, layers: [String]) throws(ContainerError) {
    guard let resolved = realpath(path, nil) else { throw ContainerError(SystemError("open bundle", path)) }
    self.path = String(cString: resolved)
    free(resolved)
    do throws(SystemError) {
      config = try readFile("\(self.path)/config.json", limit: JSON.defaultLimit)
    } catch {
      // runc's words.
      if error.errno == .noEntry { throw ContainerError("JSON specification file config.json not found") }
      throw ContainerError(error)
    }
    do throws(SpecFaults) {
      spec = try Spec.load(config)
      self.layers = try LayerRequest.load(annotations: spec.annotations)
    } catch {
      throw ContainerError("\(error)")
    }
    if !layers.isEmpty {
      var request = self.layers ?? LayerRequest()
      request.directories = layers
      self.layers = request
    }
    if self.layers?.directories.isEmpty == true { self.layers = nil }
    if spec.process == nil { throw ContainerError("process: needed to create a container") }
    if let layers = self.layers { _ = try LayerStorage(layers) }
    if var request = self.layers {
      let base = self.path
      request.directories = request.directories.map { $0.hasPrefix("/") ? $0 : "\(base)/\($0)" }
      self.layers = request
    }
  }

  /// The configured root, absolute.
  var rootPath: String {
    let root = spec.root?.path ?? "rootfs"
    return root.hasPrefix("/") ? root : "\(path)/\(root)"
  }

  /// What the journal says of a container before anything of it is made.
  func record(id: String, cgroup: PlannedCgroup, layer: String?, layers: [String]) -> ContainerRecord {
    ContainerRecord(
      id: id, bundle: path, rootfs: rootPath, created: .now, owner: geteuid(), annotations: spec.annotations,
      bootID: BootID.current, cgroupLayout: cgroup.placement.layout.rawValue, cgroups: cgroup.placement.encoded,
      scope: cgroup.scope, layer: layer, layers: layers)
  }

  /// The plan's request, with everything compiled.
  func request(
    id: String, options: LaunchOptions, cgroup: CgroupPlacement, facts: HostFacts, warn: (String) -> Void
  ) throws(ContainerError) -> PlanRequest {
    var request = PlanRequest(
      spec: spec, id: id, bundle: path, rootPath: rootPath, cgroup: cgroup, facts: facts)
    request.hasLayers = layers != nil
    request.deniesGroups = spec.newUserNamespaceMaps?.deniesGroups(facts.caller) ?? facts.caller.deniesGroups
    request.waitsForStart = options.mode == .create
    request.noPivot = options.noPivot
    request.noNewKeyring = options.noNewKeyring
    request.preservedDescriptors = options.listenDescriptors + options.preservedDescriptors
    if options.listenDescriptors > 0 {
      request.spec.process?.env += ["LISTEN_FDS=\(options.listenDescriptors)", "LISTEN_PID=1"]
    }
    try request.compile(warn: warn)
    return request
  }
}

extension PlanRequest {
  /// Turns the names in the spec into numbers: capabilities, limits, sets of processors and nodes, the seccomp filter.
  mutating func compile(warn: (String) -> Void) throws(ContainerError) {
    do {
      if let names = spec.process?.capabilities {
        let (made, warnings) = try ProcessCapabilities.make(names)
        capabilities = made
        for warning in warnings { warn(warning) }
      }
      limits = try RlimitSetting.make(spec.process?.rlimits ?? [])
      memoryNodes = try Self.set(spec.linux.memoryPolicy?.nodes, "linux.memoryPolicy.nodes")
      affinity = try Self.set(spec.process?.execCPUAffinity?.final, "process.execCPUAffinity.final")
      if let profile = spec.linux.seccomp {
        seccomp = try SeccompFilter.compile(profile, cache: SeccompCache(directory: DataDirectory.seccomp))
      }
    } catch {
      throw ContainerError("\(error)")
    }
  }

  /// Nothing, and an empty text, is no set.
  static func set(_ list: String?, _ keyPath: String) throws(ContainerError) -> NumberSet? {
    guard let list, !list.isEmpty else { return nil }
    do { return try NumberSet(list: list) } catch { throw ContainerError("\(keyPath): \(error)") }
  }
}
