internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI
internal import Stage

/// The conversation with a stage: its reports, and our answers.
struct StageLink: ~Copyable {
  /// What a stage says.
  enum Report {
    case child(pid: Int32)
    case wantsMaps
    case synced(SyncPoint)
    case master(CInt)
    case listener(number: CInt)
    /// It ended, or executed its program: the socket is closed.
    case gone
  }

  private let socket: PacketSocket
  private let steps: [Step]

  init(socket: consuming PacketSocket, steps: [Step]) {
    self.socket = socket
    self.steps = steps
  }

  var descriptor: CInt { socket.descriptor.number }

  func answer(handing fd: CInt = -1) throws(ContainerError) {
    do { try socket.send(UInt8(ascii: "g"), fd: fd) } catch { throw ContainerError(error) }
  }

  /// Waits for the next report.
  /// - Throws: what the stage says has failed, in words.
  func next() throws(ContainerError) -> Report {
    var report = stage_report()
    let received: (Int, CInt)?
    do { received = try socket.receive(into: &report) } catch { throw ContainerError(error) }
    guard let (count, fd) = received else { return .gone }
    if count == MemoryLayout<CInt>.size {
      throw ContainerError("execute the stage: \(Errno(CInt(bitPattern: report.kind)))")
    }
    switch stage_report_kind(report.kind) {
    case STAGE_CHILD: return .child(pid: report.value)
    case STAGE_MAPS: return .wantsMaps
    case STAGE_SYNCED: return .synced(report.value == CInt(STAGE_SYNC_HOOKS.rawValue) ? .hooks : .ready)
    case STAGE_MASTER: return .master(fd)
    case STAGE_NOTIFY: return .listener(number: report.value)
    default: throw failure(report)
    }
  }

  private func failure(_ report: stage_report) -> ContainerError {
    let reason = Errno(report.error)
    guard Int(report.step) < steps.count else { return StageFailure.afterStart(report, reason) }
    let note = withUnsafeBytes(of: report.note) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return StageFailure(
      step: steps[Int(report.step)], reason: reason, detail: stage_detail(report.detail), value: report.value,
      note: note
    ).error
  }
}

/// A failed step, in the words that users and engines of runc know.
struct StageFailure {
  let step: Step
  let reason: Errno
  let detail: stage_detail
  let value: CInt
  let note: String

  var error: ContainerError {
    switch step {
    case .lookup(let name, _): executable(name)
    case .execute(let arguments, _): executable(arguments.first ?? "")
    default: ContainerError("unable to start container process: \(step)\(words): \(what)\(hint)")
    }
  }

  /// What a user can do about errors that say too little.
  private var hint: String {
    switch step {
    case .clone(let kinds) where kinds.contains(.user) && (reason == .notPermitted || reason.code == ENOSPC):
      "; user namespaces may be switched off: see sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
        + "kernel.apparmor_restrict_unprivileged_userns"
    case .rootOverlay where reason == .invalid: "; \(OverlayRequest.upperHint)"
    default: ""
    }
  }

  /// 127: there is no such program; 126: it is there and cannot be executed.
  private func executable(_ name: String) -> ContainerError {
    let isPath = name.utf8.contains(UInt8(ascii: "/"))
    let missing = reason == .noEntry || reason == .notDirectory
    let words =
      if missing, isPath, case .lookup = step {
        "stat \(name): \(reason)"
      } else if missing, !isPath {
        "executable file not found in $PATH"
      } else if reason == .isDirectory {
        // Docker before 23 knows 126 by "permission denied" alone, what came later by either.
        "\(reason): \(Errno.accessDenied)"
      } else {
        "\(reason)"
      }
    return ContainerError(
      "unable to start container process: exec: \"\(name)\": \(words)", exitCode: missing ? 127 : 126)
  }

  /// What can still fail after `start`, which does not have the plan.
  static func afterStart(_ report: stage_report, _ reason: Errno) -> ContainerError {
    let detail = stage_detail(report.detail)
    let step =
      switch stage_op(UInt32(report.op)) {
      case STAGE_HOOK: "run startContainer hook"
      case STAGE_SECCOMP: "load seccomp filter"
      case STAGE_EXEC: "execute the container's program"
      default: "start the container"
      }
    let what = hookEnd(detail, report.value) ?? "\(reason)"
    return ContainerError("unable to start container process: \(step): \(what)")
  }

  /// How a hook in the container ended, if that is what failed.
  private static func hookEnd(_ detail: stage_detail, _ value: CInt) -> String? {
    switch detail {
    case STAGE_DETAIL_HOOK_EXIT: "exit status \(value)"
    case STAGE_DETAIL_HOOK_SIGNAL: "killed by signal \(value)"
    case STAGE_DETAIL_HOOK_TIME: "hook ran past specified timeout of \(value).0s"
    default: nil
    }
  }

  private var words: String {
    switch detail {
    case STAGE_DETAIL_SOURCE: ": source"
    case STAGE_DETAIL_DESTINATION: ": destination"
    case STAGE_DETAIL_OPTION: ": option \(note)"
    case STAGE_DETAIL_ATTRIBUTES: ": attributes"
    case STAGE_DETAIL_COPY: ": copy what is there"
    default: ""
    }
  }

  private var what: String {
    switch detail {
    case STAGE_DETAIL_IN_PROC: "the destination lies on procfs, which nothing may cover"
    case STAGE_DETAIL_NOT_REAL: "the destination must be a real directory, not a symlink"
    case STAGE_DETAIL_NO_DEVICE: "the host's file is not that device"
    case STAGE_DETAIL_UNREACHABLE: "the directory is not inside the container"
    case STAGE_DETAIL_OPTION: "\(reason)"
    default: Self.hookEnd(detail, value) ?? (note.isEmpty ? "\(reason)" : "\(reason) (\(note))")
    }
  }
}
