internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

/// The descriptors behind a plan's handles, open until the stage has inherited them.
struct OpenedHandles: ~Copyable {
  private(set) var numbers: [Handle: CInt] = [:]

  init(_ plan: LaunchPlan, _ spec: Spec, _ journal: borrowing Journal, _ options: LaunchOptions) throws(ContainerError)
  {
    for step in plan.steps {
      switch step {
      case .joinNamespace(let handle, let kinds):
        guard let kind = kinds.first, let path = spec.linux.namespaces.first(where: { $0.type == kind })?.path else {
          continue
        }
        numbers[handle] = try Self.namespace(path, kind)
      case .waitStart: numbers[.startSocket] = try Self.listen(journal.startSocket)
      case .sync(.hooks): numbers[.hookState] = clinux_memfd("state")
      default: continue
      }
    }
  }

  /// For `exec`: the container's init.
  init(initProcess: borrowing ProcessHandle) { numbers[.initProcess] = dup(initProcess.pidfd.number) }

  deinit { for number in numbers.values { close(number) } }

  /// What hooks in the container read; it cannot change afterwards.
  func writeState(_ state: ContainerState) throws(ContainerError) {
    guard let number = numbers[.hookState] else { return }
    let bytes = state.hookJSON.bytes()
    guard pwrite(number, bytes, bytes.count, 0) == bytes.count, clinux_seal(number) == 0 else {
      throw ContainerError(SystemError("write state for hooks"))
    }
  }

  private static func namespace(_ path: String, _ kind: Namespace.Kind) throws(ContainerError) -> CInt {
    let file = try kernel { () throws(SystemError) in try Descriptor.open(path, O_RDONLY) }
    guard UInt64(UInt32(bitPattern: clinux_namespace_type(file.number))) == kind.cloneFlag else {
      throw ContainerError("linux.namespaces: \(path) is not a \(kind.rawValue) namespace")
    }
    return file.release()
  }

  private static func listen(_ path: String) throws(ContainerError) -> CInt {
    let socket = clinux_stream_socket(0)
    guard socket >= 0 else { throw ContainerError(SystemError("make socket")) }
    guard clinux_bind_and_listen(socket, path) == 0 else {
      let error = SystemError("listen at", path)
      close(socket)
      throw ContainerError(error)
    }
    return socket
  }
}

/// The pid of a container or process, for engines.
enum PIDFile {
  /// Complete or not there: engines wait for it to appear.
  static func write(_ pid: Int32, to path: String) throws(ContainerError) {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let temporary = "\(path[..<slash]).\(path[slash...])"
    try kernel { () throws(SystemError) in
      let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
      try file.write("\(pid)", subject: temporary)
      guard rename(temporary, path) == 0 else { throw SystemError("write pid file", path) }
    }
  }
}

/// Hands a seccomp listener to its agent.
struct SeccompAgent {
  let spec: Spec
  let state: ContainerState

  /// - Parameter process: whose filter it is; the container's first process unless the state says otherwise.
  func send(listener: CInt, process: Int32) throws(ContainerError) {
    guard let path = spec.linux.seccomp?.listenerPath else { return }
    var state = state
    if state.pid == 0 { state.pid = process }
    let message = state.seccompJSON(processID: process, metadata: spec.linux.seccomp?.listenerMetadata).bytes()
    try kernel { () throws(SystemError) in try Terminal.send(listener, toSocket: path, message: message) }
  }
}
