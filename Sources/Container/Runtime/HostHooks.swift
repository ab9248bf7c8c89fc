internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

/// Hooks that run on the host, in our own namespaces (config.md, "POSIX-platform Hooks").
enum HostHooks {
  /// Runs them in order; the first that fails is the last.
  static func run(_ hooks: [Hook], kind: String, state: ContainerState) throws(ContainerError) {
    for (index, hook) in hooks.enumerated() {
      do throws(ContainerError) {
        try run(hook, input: state.hookJSON.bytes())
      } catch {
        throw ContainerError("error running \(kind) hook #\(index): \(error)")
      }
    }
  }

  private static func run(_ hook: Hook, input: [UInt8]) throws(ContainerError) {
    let stdin = try file(input)
    let output = try file([])
    let errors = try file([])
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    for (number, target) in [(stdin.number, 0), (output.number, 1), (errors.number, 2)] {
      posix_spawn_file_actions_adddup2(&actions, number, CInt(target))
    }
    clinux_spawn_close_from(&actions, 3)

    var pid: pid_t = 0
    let arguments = CStrings(hook.args.isEmpty ? [hook.path] : hook.args)
    let environment = CStrings(hook.env)
    let failed = posix_spawn(&pid, hook.path, &actions, &attributes, arguments.pointers, environment.pointers)
    guard failed == 0 else { throw ContainerError("execute \(hook.path): \(Errno(failed))") }

    let pidfd = Descriptor(adopting: clinux_pidfd_open(pid))
    let timeout = hook.timeout.map { CInt(clamping: $0 * 1000) } ?? -1
    let ended = (try? waitReadable([pidfd.number], timeout: timeout))?[0] ?? true
    if !ended { _ = clinux_kill(pidfd.number, SIGKILL) }
    let status = ChildProcess.reap(pidfd.number)
    if !ended { throw ContainerError("\(hook.path) ran for more than \(hook.timeout ?? 0) s and was killed") }
    guard status == .exited(0) else {
      throw ContainerError("exit status \(status?.code ?? 1), stdout: \(tail(output)), stderr: \(tail(errors))")
    }
  }

  /// A file in memory: a child can neither block on it nor block us.
  private static func file(_ content: [UInt8]) throws(ContainerError) -> Descriptor {
    let number = clinux_memfd("hook")
    guard number >= 0 else { throw ContainerError(SystemError("make file for hook")) }
    let file = Descriptor(adopting: number)
    try kernel { () throws(SystemError) in try file.writeAll(content) }
    if !content.isEmpty { lseek(number, 0, SEEK_SET) }
    return file
  }

  private static func tail(_ file: borrowing Descriptor) -> String {
    lseek(file.number, max(0, lseek(file.number, 0, SEEK_END) - 4096), SEEK_SET)
    let bytes = (try? file.readAll(limit: 8192)) ?? []
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
  }
}

/// A NULL-terminated array of C strings, freed with this value.
final class CStrings {
  let pointers: [UnsafeMutablePointer<CChar>?]

  init(_ texts: [String]) { pointers = texts.map { strdup($0) } + [nil] }

  deinit { for pointer in pointers { free(pointer) } }
}
