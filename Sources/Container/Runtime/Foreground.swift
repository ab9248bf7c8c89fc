internal import Glibc
internal import Kernel
internal import OCI

/// The terminal's master: relayed by us, or handed to somebody else.
struct Console: ~Copyable {
  /// -1 without a terminal, or when it is somebody else's now.
  let master: CInt

  /// What runc says of options that do not fit.
  static func check(_ process: Process?, _ options: LaunchOptions) throws(ContainerError) {
    let detached = options.mode != .foreground
    let terminal = process?.terminal ?? false
    if terminal, detached, options.consoleSocket == nil {
      throw ContainerError("cannot allocate tty if runc will detach without setting console socket")
    }
    if !(terminal && detached), options.consoleSocket != nil {
      throw ContainerError("cannot use console socket if runc will not detach or allocate tty")
    }
  }

  init(master: CInt, socket: String?) throws(ContainerError) {
    guard master >= 0, let socket else {
      self.master = master
      if master >= 0 { Terminal.join(master: master, to: STDIN_FILENO) }
      return
    }
    defer { close(master) }
    do throws(SystemError) { try Terminal.send(master, toSocket: socket) } catch { throw ContainerError(error) }
    self.master = -1
  }

  deinit { if master >= 0 { close(master) } }
}

/// A run that waits: signals go to the container, its terminal is ours.
enum Foreground {
  static func wait(
    _ pidfd: CInt, _ signals: borrowing SignalInbox, _ console: borrowing Console,
    _ readiness: borrowing Readiness? = nil
  ) throws(ContainerError) -> ExitStatus {
    do throws(SystemError) {
      let raw = console.master >= 0 ? RawTerminal(STDIN_FILENO) : nil
      defer { raw?.restore() }
      try relay(pidfd, signals, console.master, readiness)
      // What it wrote last is still in the terminal.
      while console.master >= 0, try waitReadable([console.master], timeout: 0)[0] {
        guard Terminal.copy(from: console.master, to: STDOUT_FILENO) else { break }
      }
    } catch {
      throw ContainerError(error)
    }
    guard let status = ChildProcess.reap(pidfd) else { throw ContainerError(SystemError("wait for the container")) }
    return status
  }

  private static func descriptor(of readiness: borrowing Readiness?) -> CInt {
    switch readiness {
    case .some(let readiness): readiness.descriptor
    case .none: -1
    }
  }

  private static func forward(_ readiness: borrowing Readiness?) throws(SystemError) {
    switch readiness {
    case .some(let readiness): _ = try readiness.forward(process: nil)
    case .none: return
    }
  }

  private static func relay(
    _ pidfd: CInt, _ signals: borrowing SignalInbox, _ master: CInt, _ readiness: borrowing Readiness?
  ) throws(SystemError) {
    var hasInput = master >= 0
    var hasOutput = master >= 0
    let socket = descriptor(of: readiness)
    while true {
      // poll(2) passes over negative descriptors.
      let ready = try waitReadable([
        pidfd, signals.descriptor.number, hasOutput ? master : -1, hasInput ? STDIN_FILENO : -1,
        socket,
      ])
      if ready[4] { _ = try forward(readiness) }
      if ready[2] { hasOutput = Terminal.copy(from: master, to: STDOUT_FILENO) }
      if ready[3] { hasInput = Terminal.copy(from: STDIN_FILENO, to: master) }
      while ready[1], let signal = signals.next() {
        switch signal {
        case SIGWINCH: if master >= 0 { Terminal.copySize(from: STDIN_FILENO, to: master) }
        // Ours alone: a child's end, and a reader of our output that went away.
        case SIGCHLD, SIGPIPE, SIGURG: break
        default: ChildProcess.signal(pidfd, signal)
        }
      }
      if ready[0] { return }
    }
  }
}
