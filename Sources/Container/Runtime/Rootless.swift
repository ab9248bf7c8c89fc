internal import Kernel
internal import OCI

/// What is different for a caller without rights in the first user namespace: checked before anything is made.
enum Rootless {
  /// Refuses what an ordinary user cannot have. runc's words where it has some.
  static func check(_ spec: Spec, _ caller: Caller) throws(ContainerError) {
    guard caller.uid != 0 else { return }
    guard spec.linux.namespaces.contains(where: { $0.type == .user }) else {
      throw ContainerError("rootless container requires user namespaces")
    }
    if spec.linux.seccomp?.listenerPath != nil {
      throw ContainerError("rootless: linux.seccomp.listenerPath: only root can take the listener from the container")
    }
    guard let maps = spec.newUserNamespaceMaps else { return }
    try maps.check(caller)
    if maps.deniesGroups(caller), spec.process?.user.additionalGids.isEmpty == false {
      throw ContainerError("cannot set any additional groups in a rootless container with one group id")
    }
  }

  /// The cgroups that the container will have: those that may be made, if it asks for none in particular.
  static func placement(
    _ wanted: CgroupPlacement, _ linux: Linux, trace: (String) -> Void
  ) throws(ContainerError) -> CgroupPlacement {
    let delegated = wanted.delegated()
    if delegated == wanted { return wanted }
    let missing = wanted.directories.first { !delegated.directories.contains($0) }
    let hasPath = linux.cgroupsPath?.isEmpty == false
    if hasPath || (delegated.directories.isEmpty && linux.resources.hasLimits) {
      throw ContainerError(
        "rootless needs no limits + no cgrouppath when no permission is granted for cgroups: "
          + "make cgroup \(missing?.path ?? ""): Permission denied")
    }
    trace(
      delegated.directories.isEmpty
        ? "rootless: no cgroup is delegated to this user: the container has none of its own"
        : "rootless: cgroups only where this user may make them: \(delegated.directories.map(\.path))")
    return delegated
  }
}

extension Resources {
  /// Whether any limit is asked for; engines write empty objects, and rules for devices that a user cannot make anyway.
  fileprivate var hasLimits: Bool {
    var limits = self
    limits.devices = []
    if limits.memory == Memory() { limits.memory = nil }
    if limits.cpu == CPU() { limits.cpu = nil }
    if limits.blockIO == BlockIO() { limits.blockIO = nil }
    if limits.network == Network() { limits.network = nil }
    if limits.pids == 0 || limits.pids == -1 { limits.pids = nil }
    return limits != Resources()
  }
}
