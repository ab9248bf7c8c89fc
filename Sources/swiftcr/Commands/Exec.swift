internal import Arguments
internal import Container
internal import Kernel
internal import OCI

/// `exec`.
extension CommandRunner {
  func exec() throws -> Int32 {
    var options = ExecOptions(id: id)
    options.pidFile = values.value("pid-file")
    options.consoleSocket = values.value("console-socket")
    options.pidfdSocket = values.value("pidfd-socket")
    options.preservedDescriptors = try preservedDescriptors()
    options.detach = values.flag("detach")
    options.ignorePaused = values.flag("ignore-paused")
    for group in values.values("cgroup") {
      guard let colon = group.firstIndex(of: ":") else {
        options.subgroups[""] = group
        continue
      }
      for controller in group[..<colon].split(separator: ",") {
        options.subgroups[String(controller)] = String(group[group.index(after: colon)...])
      }
    }
    let file = values.value("process")
    let arguments = Array(values.positionals.dropFirst())
    if file == nil, arguments.isEmpty { throw ContainerError("process args cannot be empty", exitCode: 255) }
    let user = try values.value("user").map { try UserArgument($0) }
    return try runtime().exec(options) { (model) throws(ContainerError) in
      if let file { return try InputDocument(file).load(Process.load) }
      return process(model, arguments, user)
    }
  }

  /// The container's own process is the model, as in runc.
  private func process(_ model: Process, _ arguments: [String], _ user: UserArgument?) -> Process {
    var process = model
    process.args = arguments
    process.terminal = values.flag("tty")
    process.consoleSize = nil
    if let cwd = values.value("cwd") { process.cwd = cwd }
    process.env += values.values("env")
    if let user {
      process.user.uid = user.uid
      if let gid = user.gid { process.user.gid = gid }
    }
    process.user.additionalGids += values.integers("additional-gids").map { UInt32(clamping: $0) }
    if values.flag("no-new-privs") { process.noNewPrivileges = true }
    if let profile = values.value("apparmor") { process.apparmorProfile = profile }
    if let label = values.value("process-label") { process.selinuxLabel = label }
    let caps = values.values("cap")
    if !caps.isEmpty {
      var sets = process.capabilities ?? Capabilities()
      sets.bounding += caps
      sets.effective += caps
      sets.permitted += caps
      process.capabilities = sets
    }
    return process
  }
}
