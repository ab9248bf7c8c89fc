internal import Kernel
internal import OCI

/// The last part of every plan, a container's or an `exec`'s: from root to the program.
extension Planner {
  static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// What confines the program from its execve on. Processes that are cloned meanwhile keep it.
  mutating func addLabels(_ process: Process?) {
    if let profile = process?.apparmorProfile, !profile.isEmpty {
      add(.label(file: "self/attr/apparmor/exec", value: "exec \(profile)"))
    }
    if let label = process?.selinuxLabel, !label.isEmpty { add(.label(file: "self/attr/exec", value: label)) }
  }

  /// Ids and what depends on them.
  mutating func becomeUser(_ process: Process) {
    if let personality = linux.personality {
      add(.personality(personality.domain == "LINUX32" ? 0x8 : 0x0))
    }
    if let priority = process.ioPriority { add(.ioPriority(priority)) }
    if let scheduler = process.scheduler { add(.scheduler(scheduler)) }
    if let policy = linux.memoryPolicy { add(.memoryPolicy(policy, nodes: request.memoryNodes)) }
    add(.umask(process.user.umask ?? 0o022))
    if !process.env.contains(where: { $0.hasPrefix("HOME=") }) { add(.home(uid: process.user.uid)) }
    let isRoot = process.user.uid == 0
    add(.cwd(process.cwd.isEmpty ? "/" : process.cwd, lenient: !isRoot))
    if let capabilities = request.capabilities {
      add(.bounding(capabilities.bounding, last: request.facts.lastCapability))
    }
    add(
      .credentials(
        process.user, setGroups: !request.deniesGroups, keepCapabilities: request.capabilities != nil && !isRoot))
    // A directory that only the user may enter.
    if !isRoot { add(.cwd(process.cwd.isEmpty ? "/" : process.cwd, lenient: false)) }
  }

  /// The program is looked up with the rights that it will have; then nothing is left that can fail but seccomp and
  /// execve, and the stage says that it is ready. The filter is loaded as late as it can be: the fewer calls follow
  /// it, the fewer it must allow. Hooks in the container, and an agent that waits for the listener, take it earlier.
  mutating func execute(_ process: Process, startHooks: [Hook]) {
    let needsAdmin = request.seccomp != nil && !process.noNewPrivileges
    let confinesEarly = !startHooks.isEmpty || request.seccomp?.listens == true
    let raise = needsAdmin ? (request.capabilities?.permitted ?? .supported).union(Self.admin) : nil

    if let capabilities = request.capabilities {
      add(
        .capabilities(
          effective: capabilities.effective, permitted: raise ?? capabilities.permitted,
          inheritable: capabilities.inheritable))
      if !needsAdmin { add(.ambient(capabilities.ambient)) }
    }
    if process.noNewPrivileges { add(.noNewPrivileges) }
    let path = process.env.last { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) } ?? Self.defaultPath
    add(.lookup(name: process.args.first ?? "", path: path))
    if confinesEarly { confine(raise) }
    add(.sync(.ready))
    if request.waitsForStart { add(.waitStart) }
    for (index, hook) in startHooks.enumerated() { add(.hook(hook, kind: "startContainer", index: index)) }
    add(.tidy(from: 3 + request.preservedDescriptors))
    if !confinesEarly { confine(raise) }
    add(.execute(arguments: process.args, environment: process.env))
  }

  private static var admin: CapabilitySet { CapabilitySet(number: 21) }

  private mutating func confine(_ raise: CapabilitySet?) {
    guard let filter = request.seccomp else { return }
    let capabilities = request.capabilities
    add(.seccomp(filter, raise: capabilities == nil ? nil : raise))
    guard raise != nil, let capabilities else { return }
    add(
      .capabilities(
        effective: capabilities.effective, permitted: capabilities.permitted, inheritable: capabilities.inheritable))
    add(.ambient(capabilities.ambient))
  }
}
