import Foundation
import Glibc
import Testing

/// Every suite hangs below this one: the cases share the host's mounts, cgroups and processes, so they run one by one.
@Suite(.serialized, .enabled(if: Host.isReady, "needs root, and SWIFTCR=/path/to/swiftcr"))
enum Integration {}

/// How a program ended.
struct Outcome: CustomStringConvertible {
  /// The exit code, or 128 + n when signal n ended it, as a shell says it.
  var code: Int32
  var output: String
  var errors: String

  var description: String { "exit \(code)\n--- stdout\n\(output)\n--- stderr\n\(errors)" }
  var lines: [String] { output.split(separator: "\n").map(String.init) }
}

struct HostError: Error, CustomStringConvertible {
  var description: String
}

/// The machine that the cases run on, and the program that they are about.
enum Host {
  static let program = ProcessInfo.processInfo.environment["SWIFTCR"] ?? ""
  /// The cases hold for another runtime too, apart from what only swiftcr has: `CONTROL=runc SWIFTCR=/usr/sbin/runc`.
  static let isControl = ProcessInfo.processInfo.environment["CONTROL"] != nil
  static let isReady = geteuid() == 0 && access(program, X_OK) == 0

  static let isUnified = read("/sys/fs/cgroup/cgroup.controllers").contains("memory")
  static let hasAppArmor =
    read("/sys/module/apparmor/parameters/enabled").hasPrefix("Y") && exists("/usr/sbin/apparmor_parser")
  /// Said by whoever runs the tests: an emulated processor is ten times slower, and loops are shorter.
  static let isEmulated = ProcessInfo.processInfo.environment["SWIFTCR_EMULATED"] != nil
  /// Whether the kernel is at least this one.
  static func isKernel(atLeast major: Int, _ minor: Int) -> Bool {
    let numbers = read("/proc/sys/kernel/osrelease").split(whereSeparator: { !$0.isNumber }).prefix(2).map {
      Int($0) ?? 0
    }
    return numbers.lexicographicallyPrecedes([major, minor]) == false
  }
  /// Said by whoever runs the tests: nothing can be downloaded.
  static let isOffline = ProcessInfo.processInfo.environment["SWIFTCR_OFFLINE"] != nil

  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  static func fixture(_ name: String) -> String { "\(repository)/rootfs-fixtures/\(name)" }

  /// A program that has been started and not yet waited for.
  final class Child {
    let pid: pid_t
    fileprivate let files: String
    fileprivate var isOver = false

    fileprivate init(pid: pid_t, files: String) {
      self.pid = pid
      self.files = files
    }

    deinit {
      if !isOver {
        _ = Glibc.kill(pid, SIGKILL)
        var status: Int32 = 0
        _ = waitpid(pid, &status, 0)
      }
      Host.remove(files)
    }

    var output: String { Host.read("\(files)/out") }

    /// Waits for the end; a child that takes too long is killed and is an error.
    func wait(timeout: Double = 300) throws -> Outcome {
      var status: Int32 = 0
      let end = Date(timeIntervalSinceNow: timeout)
      var pause: UInt32 = 200
      while waitpid(pid, &status, WNOHANG) == 0 {
        guard Date() < end else {
          throw HostError(description: "still running after \(timeout) s\n\(output)\n\(Host.read("\(files)/err"))")
        }
        usleep(pause)
        pause = min(pause * 2, 5000)
      }
      isOver = true
      let signal = status & 0x7f
      return Outcome(
        code: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: output, errors: Host.read("\(files)/err"))
    }
  }

  /// Starts a program. Its output goes to files, not pipes: a detached container keeps what it inherits open, and
  /// nobody would see the end of a pipe. `descriptors` maps numbers in the child to descriptors of this process.
  static func spawn(
    _ arguments: [String], input: String = "", descriptors: [Int32: Int32] = [:], environment: [String: String] = [:],
    directory: String = "/"
  ) throws -> Child {
    let files = temporaryDirectory("spawn")
    write(input, to: "\(files)/in")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "\(files)/in", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(files)/out", O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, "\(files)/err", O_WRONLY | O_CREAT | O_APPEND, 0o644)
    // Out of the way of each other first: the number wanted for one may be the number that another has here.
    for (number, descriptor) in descriptors {
      posix_spawn_file_actions_adddup2(&actions, descriptor, number + 500)
    }
    for number in descriptors.keys {
      posix_spawn_file_actions_adddup2(&actions, number + 500, number)
      posix_spawn_file_actions_addclose(&actions, number + 500)
    }
    // What this process happens to have open is none of the runtime's business, apart from the descriptors named.
    for descriptor in Int32(3)..<500 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

    // Threads of this process block and ignore signals; a program starts as from a shell.
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

    var variables = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    variables.merge(environment) { $1 }
    var pid: pid_t = 0
    // env changes the directory and becomes the program: posix_spawn's own action for it is hidden from Swift.
    let result = withStrings(["env", "-C", directory] + arguments) { argv in
      withStrings(variables.map { "\($0)=\($1)" }) { envp in
        posix_spawn(&pid, "/usr/bin/env", &actions, &attributes, argv, envp)
      }
    }
    guard result == 0 else {
      throw HostError(description: "\(arguments[0]): \(String(cString: strerror(result)))")
    }
    return Child(pid: pid, files: files)
  }

  /// Runs a program to its end.
  static func run(
    _ arguments: [String], input: String = "", descriptors: [Int32: Int32] = [:], environment: [String: String] = [:],
    directory: String = "/", timeout: Double = 300
  ) throws -> Outcome {
    try spawn(
      arguments, input: input, descriptors: descriptors, environment: environment, directory: directory
    ).wait(timeout: timeout)
  }

  /// Runs a program of the fixtures or the host that has to work.
  @discardableResult
  static func must(_ arguments: String..., input: String = "", timeout: Double = 300) throws -> String {
    let outcome = try run(arguments, input: input, timeout: timeout)
    guard outcome.code == 0 else {
      throw HostError(description: "\(arguments.joined(separator: " ")): \(outcome)")
    }
    return outcome.output
  }

  private static func withStrings<R>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { fatalError("an array with a terminator has an address") }
      return body(base)
    }
  }

  // MARK: - Files

  /// A new directory that any user may enter, as the mapped root of a user namespace has to.
  static func temporaryDirectory(_ name: String) -> String {
    let place = ProcessInfo.processInfo.environment["SWIFTCR_TEST_DIRECTORY"] ?? "/tmp"
    var template = Array("\(place)/swiftcr-\(name).XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("mkdtemp: \(String(cString: strerror(errno)))") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    chmod(path, 0o755)
    return path
  }

  static func remove(_ path: String) {
    _ = try? FileManager.default.removeItem(atPath: path)
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  static func read(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }

  static func write(_ text: String, to path: String) {
    _ = FileManager.default.createFile(atPath: path, contents: Data(text.utf8))
  }

  /// Looks again and again until something is so.
  static func wait(_ timeout: Double = 60, for what: String, until isSo: () throws -> Bool) throws {
    let end = Date(timeIntervalSinceNow: timeout)
    while try !isSo() {
      guard Date() < end else { throw HostError(description: "not within \(timeout) s: \(what)") }
      usleep(2000)
    }
  }
}
