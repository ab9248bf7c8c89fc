internal import CLinux
internal import Glibc
internal import Kernel

/// One `criu swrk`, which serves one request over a socket. Its process ends with this value.
///
/// Not the command line: only here does CRIU say when the namespaces are there and when the processes are about to run,
/// make the restored process our child, and take names and paths without a syntax of its own around them.
struct CriuWorker: ~Copyable {
  private let socket: PacketSocket
  private let pid: pid_t
  private let log: String

  /// - Parameters:
  ///   - kept: descriptors that CRIU has under the same numbers.
  ///   - log: where CRIU will say what it did.
  init(_ program: String, kept: [CInt], log: String) throws(ContainerError) {
    let pair = try kernel { () throws(SystemError) in try PacketPair() }
    // CRIU writes to its log; the container's output is nothing for it.
    let null = try kernel { () throws(SystemError) in try Descriptor.open("/dev/null", O_RDWR) }
    do throws(SystemError) {
      let channel = pair.theirs.number
      pid = try HostProgram.start(
        program, ["swrk", "\(channel)"], descriptors: [0: null.number, 1: null.number, 2: null.number],
        kept: kept + [channel])
    } catch {
      throw ContainerError("\(error): checkpoint and restore need CRIU")
    }
    self.log = log
    socket = pair.keepOurs()
  }

  deinit {
    _ = kill(pid, SIGKILL)
    var status: CInt = 0
    _ = retrying { waitpid(pid, &status, 0) }
  }

  /// Sends the request, and hears CRIU to its end.
  ///
  /// - Parameter notified: is given each notification's name, a pid or 0, and a descriptor or -1 that it owns; what it
  ///   throws makes CRIU give up.
  /// - Returns: the restored process, 0 when nothing was.
  func serve(
    _ request: CriuRequest, _ notified: (String, Int32, CInt) throws(ContainerError) -> Void
  ) throws(ContainerError) -> Int32 {
    try send(request.bytes)
    while true {
      guard let (answer, fd) = try receive() else { throw failure("CRIU ended early") }
      if let notice = answer.message(5), answer.numbers[1] == 6 {
        do throws(ContainerError) {
          try notified(notice.text(1) ?? "", Int32(truncatingIfNeeded: notice.numbers[2] ?? 0), fd)
        } catch {
          try? send(CriuRequest.answer(false))
          // CRIU takes down what it has made so far, and then answers.
          while let (last, _) = try? receive(), last.numbers[1] == 6 { try? send(CriuRequest.answer(false)) }
          throw error
        }
        try send(CriuRequest.answer(true))
        continue
      }
      guard answer.numbers[2] == 1 else { throw failure(answer.text(9) ?? "") }
      return Int32(truncatingIfNeeded: answer.message(4)?.numbers[1] ?? 0)
    }
  }

  private func send(_ bytes: [UInt8]) throws(ContainerError) {
    let number = socket.descriptor.number
    let count = retrying { clinux_send(number, bytes, bytes.count, -1) }
    guard count == bytes.count else { throw failure("CRIU ended early") }
  }

  private func receive() throws(ContainerError) -> (ProtobufMessage, CInt)? {
    let number = socket.descriptor.number
    var fd: CInt = -1
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, filled in
      if let base = buffer.baseAddress { count = retrying { clinux_receive(number, base, buffer.count, &fd) } }
      filled = max(0, count)
    }
    if count <= 0 { return nil }
    guard let message = ProtobufMessage(bytes) else { throw failure("CRIU's answer is not in its protocol") }
    return (message, fd)
  }

  private func failure(_ what: String) -> ContainerError {
    let reason = CriuLog.lastError(log) ?? what
    return ContainerError("criu failed: \(reason.isEmpty ? "no reason given" : reason) (log file: \(log))")
  }
}

/// CRIU's log file.
enum CriuLog {
  /// The last error that says more than that it has failed.
  static func lastError(_ path: String) -> String? {
    guard let bytes = try? readFile(path, limit: 64 << 20) else { return nil }
    let mark = Array("Error (".utf8)
    for line in bytes.suffix(1 << 16).split(separator: UInt8(ascii: "\n")).reversed() {
      guard let start = line.indices.first(where: { line[$0...].starts(with: mark) }) else { continue }
      let text = String(decoding: line[start...].filter { $0 >= 0x20 && $0 != 0x7f }, as: UTF8.self)
      if !text.hasSuffix(" FAILED.") { return text }
    }
    return nil
  }
}
