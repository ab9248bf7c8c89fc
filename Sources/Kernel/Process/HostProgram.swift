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

  /// Runs a program to its end, and returns what it prints.
  public static func output(_ name: String, _ arguments: [String]) throws(SystemError) -> String {
    var ends: [CInt] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw SystemError("make pipe") }
    let reader = Descriptor(adopting: ends[0])
    var writer = Descriptor(adopting: ends[1])
    let pid = try start(name, arguments, descriptors: [1: writer.number])
    // Without this, the output would never end.
    writer = Descriptor(adopting: -1)
    let bytes = try reader.readAll(limit: 64 << 20, subject: name)
    var status: CInt = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw SystemError.refusal("\(name) \(arguments.joined(separator: " ")) failed") }
    return String(decoding: bytes, as: UTF8.self)
  }
}
