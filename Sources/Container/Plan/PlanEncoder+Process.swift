internal import Kernel
internal import OCI
internal import Stage

/// Steps about the process, and about waiting.
extension PlanEncoder {
  mutating func encodeProcess(_ step: Step) -> stage_step? {
    switch step {
    case .hook(let hook, _, _):
      make(
        STAGE_HOOK, handle: .hookState,
        text: [text(hook.path), vector(hook.args.isEmpty ? [hook.path] : hook.args), vector(hook.env)],
        number: [UInt64(clamping: hook.timeout ?? 0)])
    case .sync(let point):
      make(STAGE_SYNC, number: [UInt64(point == .hooks ? STAGE_SYNC_HOOKS.rawValue : STAGE_SYNC_READY.rawValue)])
    case .waitStart: make(STAGE_WAIT_START, handle: .startSocket)
    case .loopback: make(STAGE_LOOPBACK)
    case .hostname(let name): make(STAGE_HOSTNAME, text: [text(name)])
    case .domainname(let name): make(STAGE_DOMAINNAME, text: [text(name)])
    case .umask(let mask): make(STAGE_UMASK, number: [UInt64(mask)])
    case .personality(let persona): make(STAGE_PERSONALITY, number: [persona])
    case .label(let file, let value): make(STAGE_LABEL, text: [text(file), text(value), text("proc")])
    case .cwd(let path, let lenient): make(STAGE_CWD, flags: lenient ? STAGE_LENIENT : 0, text: [text(path)])
    case .rlimit(let limit): make(STAGE_RLIMIT, number: [UInt64(limit.resource), limit.soft, limit.hard])
    case .scheduler(let scheduler): make(STAGE_SCHEDULER, text: [blob(scheduler.attributes)])
    case .ioPriority(let priority): make(STAGE_IO_PRIORITY, number: [priority.value])
    case .affinity(let set):
      make(STAGE_AFFINITY, text: [words(set.words)], number: [UInt64(set.words.count * 8)])
    case .memoryPolicy(let policy, let nodes):
      // The kernel reads one bit less than it is told.
      make(
        STAGE_MEMORY_POLICY, text: nodes.map { [words($0.words)] } ?? [],
        number: [policy.value, nodes.map { UInt64($0.words.count * 64 + 1) } ?? 0])
    case .bounding(let kept, let last): make(STAGE_BOUNDING, number: [kept.rawValue, UInt64(last)])
    case .credentials(let user, let setGroups, let keepCapabilities):
      make(
        STAGE_CREDENTIALS,
        flags: (setGroups ? STAGE_SET_GROUPS : 0) | (keepCapabilities ? STAGE_KEEP_CAPABILITIES : 0),
        text: [words(user.additionalGids)],
        number: [UInt64(user.uid), UInt64(user.gid), UInt64(user.additionalGids.count)])
    case .capabilities(let effective, let permitted, let inheritable):
      make(STAGE_CAPSET, number: [effective.rawValue, permitted.rawValue, inheritable.rawValue])
    case .ambient(let set): make(STAGE_AMBIENT, number: [set.rawValue])
    case .noNewPrivileges: make(STAGE_NO_NEW_PRIVS)
    case .seccomp(let filter, let raise):
      make(
        STAGE_SECCOMP, flags: (filter.listens ? STAGE_LISTENER : 0) | (raise == nil ? 0 : STAGE_RAISE),
        text: [blob(filter.program)], number: [UInt64(filter.count), UInt64(filter.flags), raise?.rawValue ?? 0])
    case .lookup(let name, let path): make(STAGE_LOOKUP, text: [text(name), text(path)])
    case .tidy(let first): make(STAGE_TIDY, number: [UInt64(first)])
    default: nil
    }
  }
}
