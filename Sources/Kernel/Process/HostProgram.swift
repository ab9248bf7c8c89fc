internal import Glibc

/// Programs of the host whose output a command shows.
public enum HostProgram {
  /// Runs a program with arguments that are its own, no shell between, and returns what it prints.
  public static func output(_ name: String, _ arguments: [String]) throws(SystemError) -> String {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { throw SystemError("make pipe") }
    let reader = Descriptor(adopting: ends[0])
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    posix_spawn_file_actions_addclose(&actions, ends[1])
    var words = ([name] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let failed = posix_spawnp(&pid, name, &actions, nil, &words, environ)
    close(ends[1])
    guard failed == 0 else { throw SystemError("execute", name, errno: Errno(failed)) }
    let bytes = try reader.readAll(limit: 64 << 20, subject: name)
    var status: CInt = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw SystemError.refusal("\(name) \(arguments.joined(separator: " ")) failed") }
    return String(decoding: bytes, as: UTF8.self)
  }
}
