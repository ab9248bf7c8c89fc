internal import CLinux
internal import Glibc

/// A program of the host that is executed and waited for: a hook, newuidmap.
///
/// Between clone3 and execve only C runs, so this is safe whatever threads and locks the caller has.
public struct ChildProgram: Sendable {
  /// An absolute path; nothing is looked up in `PATH`.
  public var path: String
  /// With the program's own name first.
  public var arguments: [String]
  /// All of it: nothing is inherited.
  public var environment: [String] = []
  /// The working directory; `nil` is the caller's.
  public var directory: String?
  /// What the program reads from its standard input.
  public var input: [UInt8] = []
  /// Seconds until it is killed; `nil` is never.
  public var timeout: Int?

  /// Of each output stream, so many of the last bytes are kept.
  public var keptOutput = 4096

  /// How the program ended, and the end of what it wrote.
  public struct Outcome: Sendable {
    public var status: ExitStatus
    public var output: [UInt8]
    public var errorOutput: [UInt8]
    /// It was killed because its time was over.
    public var timedOut: Bool
  }

  /// A program with its arguments, the first being its own name.
  public init(path: String, arguments: [String]) {
    self.path = path
    self.arguments = arguments
  }

  /// Runs the program to its end.
  ///
  /// It is over when the process is, even if a process that it left behind still holds its output.
  ///
  /// - Throws: step `execute` and why the program could not be executed.
  public func run() throws(SystemError) -> Outcome {
    // A file in memory cannot block, and a program that does not read cannot raise SIGPIPE.
    let memory = clinux_memfd("stdin")
    guard memory >= 0 else { throw SystemError("make standard input of", path) }
    let standardInput = Descriptor(adopting: memory)
    try standardInput.writeAll(input, subject: path)
    guard lseek(standardInput.number, 0, SEEK_SET) == 0 else { throw SystemError("rewind input of", path) }
    var output = try OutputPipe(path, kept: keptOutput)
    var errorOutput = try OutputPipe(path, kept: keptOutput)
    let child = try start(standardInput.number, output.writer.number, errorOutput.writer.number)
    output.closeWriter()
    errorOutput.closeWriter()
    return try collect(child, &output, &errorOutput)
  }

  private func start(_ input: CInt, _ output: CInt, _ errorOutput: CInt) throws(SystemError) -> Descriptor {
    guard let argumentVector = CStrings(arguments), let environmentVector = CStrings(environment),
      !path.utf8.contains(0)
    else { throw SystemError("execute", path, errno: .invalid) }
    var pidfd: CInt = -1
    var failure: SystemError?
    argumentVector.withPointers { arguments in
      environmentVector.withPointers { environment in
        path.withCString { path in
          withOptionalCString(directory) { directory in
            var program = clinux_program(
              path: path, arguments: arguments, environment: environment, directory: directory,
              standard: (input, output, errorOutput))
            if clinux_run_program(&program, &pidfd) < 0 { failure = SystemError("execute", self.path) }
          }
        }
      }
    }
    if let failure { throw failure }
    return Descriptor(adopting: pidfd)
  }

  private func collect(
    _ child: borrowing Descriptor, _ output: inout OutputPipe, _ errorOutput: inout OutputPipe
  ) throws(SystemError) -> Outcome {
    let deadline = Deadline(seconds: timeout)
    var timedOut = false
    while true {
      var requests = [child.number, output.pollNumber, errorOutput.pollNumber].map {
        pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
      }
      let count = poll(&requests, 3, timedOut ? -1 : deadline.remaining)
      if count < 0 {
        guard errno != EINTR else { continue }
        let error = SystemError("wait for", path)
        ChildProcess.end(child.number)
        throw error
      }
      // Not only when nothing happened: a program that never stops writing has a timeout too.
      if !timedOut, requests[0].revents == 0, deadline.remaining == 0 {
        timedOut = true
        ChildProcess.signal(child.number, SIGKILL)
        continue
      }
      if requests[0].revents != 0 {
        // What is in the pipes is all that the program itself wrote: a pipe holds no more than this.
        output.drain()
        errorOutput.drain()
        guard let status = ChildProcess.reap(child.number) else { throw SystemError("wait for", path) }
        return Outcome(status: status, output: output.tail, errorOutput: errorOutput.tail, timedOut: timedOut)
      }
      if requests[1].revents != 0 { output.readSome() }
      if requests[2].revents != 0 { errorOutput.readSome() }
    }
  }
}

/// One output stream of a child, of which the end is kept.
private struct OutputPipe: ~Copyable {
  private let reader: Descriptor
  private(set) var writer: Descriptor
  private var ended = false
  private var bytes: [UInt8] = []
  private let kept: Int

  init(_ subject: String, kept: Int) throws(SystemError) {
    self.kept = kept
    var ends: [CInt] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw SystemError("make output pipe of", subject) }
    reader = Descriptor(adopting: ends[0])
    writer = Descriptor(adopting: ends[1])
  }

  /// Without this, the stream would never end.
  mutating func closeWriter() { writer = Descriptor(adopting: -1) }

  /// poll(2) passes over a descriptor below zero.
  var pollNumber: CInt { ended ? -1 : reader.number }

  var tail: [UInt8] { Array(bytes.suffix(kept)) }

  mutating func readSome() {
    let number = reader.number
    let chunk = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, filled in
      filled = max(0, retrying { read(number, buffer.baseAddress, 4096) })
    }
    if chunk.isEmpty { ended = true }
    bytes += chunk
    if bytes.count > 8 * kept { bytes = tail }
  }

  /// Reads what is there, and at most what a pipe of the default size holds: somebody else may still be writing.
  mutating func drain() {
    for _ in 0..<16 where !ended {
      var request = pollfd(fd: reader.number, events: Int16(POLLIN), revents: 0)
      guard poll(&request, 1, 0) > 0 else { return }
      readSome()
    }
  }
}

/// Strings for execve(2): one block of bytes, and a pointer to each.
private struct CStrings {
  private var bytes: [CChar] = []
  private var offsets: [Int] = []

  /// `nil` when a string has a zero byte: the kernel would see another one.
  init?(_ strings: [String]) {
    for string in strings {
      offsets.append(bytes.count)
      for byte in string.utf8 {
        guard byte != 0 else { return nil }
        bytes.append(CChar(bitPattern: byte))
      }
      bytes.append(0)
    }
  }

  func withPointers(_ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Void) {
    bytes.withUnsafeBufferPointer { block in
      var pointers: [UnsafePointer<CChar>?] = offsets.map { block.baseAddress?.advanced(by: $0) }
      pointers.append(nil)
      pointers.withUnsafeBufferPointer { buffer in
        if let base = buffer.baseAddress { body(base) }
      }
    }
  }
}

private func withOptionalCString(_ string: String?, _ body: (UnsafePointer<CChar>?) -> Void) {
  guard let string else { return body(nil) }
  string.withCString { body($0) }
}
