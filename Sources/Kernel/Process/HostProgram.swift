internal import CLinux
internal import Glibc

/// Programs of the host that are found in PATH.
public enum HostProgram {
  /// Starts a program with arguments that are its own, no shell between. No signal is blocked or ignored for it.
  ///
  /// - Parameters:
  ///   - descriptors: what it has, by the numbers there; standard streams that are not named are the caller's.
  ///   - kept: descriptors that it has under the same numbers, close-on-exec or not.
  /// - Returns: a child, which the caller waits for.
  public static func start(
    _ name: String, _ arguments: [String], descriptors: [CInt: CInt] = [:], kept: [CInt] = []
  ) throws(SystemError) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in descriptors { posix_spawn_file_actions_adddup2(&actions, descriptor, number) }
    // To the number that it has: this takes close-on-exec away.
    for number in kept { posix_spawn_file_actions_adddup2(&actions, number, number) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var words = ([name] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let failed = posix_spawnp(&pid, name, &actions, &attributes, &words, environ)
    guard failed == 0 else { throw SystemError("execute", name, errno: Errno(failed)) }
    return pid
  }

  /// A program whose output is read.
  public struct Piped: ~Copyable {
    /// A child, which the caller waits for.
    public let pid: Int32
    /// What it writes, until everybody who has the other end is gone.
    public let output: Descriptor
  }

  /// Starts a program whose output is read, and its errors as well if the caller wants that.
  ///
  /// - Parameter input: `nil` is the caller's.
  public static func startPiped(
    _ name: String, _ arguments: [String], input: CInt? = nil, withErrors: Bool = false
  ) throws(SystemError) -> Piped {
    var ends: [CInt] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw SystemError("make pipe") }
    let reader = Descriptor(adopting: ends[0])
    // Goes with this function: else the output would never end.
    let writer = Descriptor(adopting: ends[1])
    var descriptors: [CInt: CInt] = [1: writer.number]
    if withErrors { descriptors[2] = writer.number }
    if let input { descriptors[0] = input }
    let pid = try start(name, arguments, descriptors: descriptors)
    _ = consume writer
    return Piped(pid: pid, output: reader)
  }

  /// Waits for a child's end.
  public static func wait(for pid: Int32) -> ExitStatus {
    var status: CInt = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return ExitStatus(waitStatus: status)
  }

  /// Runs a program to its end, and returns what it prints.
  public static func output(_ name: String, _ arguments: [String]) throws(SystemError) -> String {
    let program = try startPiped(name, arguments)
    let bytes = try program.output.readAll(limit: 64 << 20, subject: name)
    guard wait(for: program.pid) == .exited(0) else {
      throw SystemError.refusal("\(name) \(arguments.joined(separator: " ")) failed")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
