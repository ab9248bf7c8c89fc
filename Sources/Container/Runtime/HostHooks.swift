internal import Kernel
internal import OCI

/// Runs hooks on the host, in the runtime's namespaces: `prestart`, `createRuntime`, `poststart` and `poststop`.
///
/// What a failure means is the caller's: before the container's start it undoes the creation; of `poststart` it stops
/// the container and is an error (runtime.md 1.3, step 9; up to 1.2 the words said "a warning", runc never did that);
/// of `poststop` it is a warning only, which is what `runAll` is for.
enum HostHooks {
  /// Runs hooks in their order, up to the first that fails.
  ///
  /// - Parameters:
  ///   - state: becomes each hook's standard input, with the specification's own fields only.
  ///   - directory: the hooks' working directory; `nil` is the caller's.
  /// - Throws: runc's words: `error running createRuntime hook #0: exit status 1, stdout: , stderr: …`.
  static func run(
    _ hooks: [Hook], kind: String, state: ContainerState, directory: String? = nil
  ) throws(ContainerError) {
    guard !hooks.isEmpty else { return }
    let input = state.hookJSON.bytes()
    for (index, hook) in hooks.enumerated() {
      if let error = failure(of: hook, kind, index, input, directory) { throw error }
    }
  }

  /// Runs all hooks, whatever happens to those before.
  ///
  /// - Returns: the failures, in the hooks' order.
  static func runAll(
    _ hooks: [Hook], kind: String, state: ContainerState, directory: String? = nil
  ) -> [ContainerError] {
    guard !hooks.isEmpty else { return [] }
    let input = state.hookJSON.bytes()
    return hooks.enumerated().compactMap { failure(of: $1, kind, $0, input, directory) }
  }

  private static func failure(
    of hook: Hook, _ kind: String, _ index: Int, _ input: [UInt8], _ directory: String?
  ) -> ContainerError? {
    let prefix = "error running \(kind) hook #\(index)"
    // A relative path would mean something else in each directory.
    guard hook.path.utf8.first == UInt8(ascii: "/") else {
      return ContainerError("\(prefix): \(quotedPath(hook.path)) is no absolute path")
    }
    var program = ChildProgram(path: hook.path, arguments: hook.args.isEmpty ? [hook.path] : hook.args)
    program.environment = hook.env
    program.directory = directory
    program.input = input
    program.timeout = hook.timeout
    do throws(SystemError) {
      let outcome = try program.run()
      if outcome.timedOut {
        return ContainerError("\(prefix): hook ran past specified timeout of \(hook.timeout ?? 0).0s")
      }
      guard outcome.status != .exited(0) else { return nil }
      return ContainerError(
        "\(prefix): \(outcome.status), stdout: \(text(outcome.output)), stderr: \(text(outcome.errorOutput))")
    } catch {
      let reason = error.step == "execute" ? "fork/exec \(hook.path): \(error.errno)" : error.description
      return ContainerError("\(prefix): \(reason)", errno: error.errno)
    }
  }

  private static func quotedPath(_ path: String) -> String { "\"\(path)\"" }

  /// A hook's output inside of an error, which is one line: line ends become spaces, other control characters go.
  private static func text(_ bytes: [UInt8]) -> String {
    var kept: [UInt8] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\n"), UInt8(ascii: "\t"): kept.append(UInt8(ascii: " "))
      case 0..<0x20, 0x7F: continue
      default: kept.append(byte)
      }
    }
    while kept.last == UInt8(ascii: " ") { kept.removeLast() }
    return String(decoding: kept, as: UTF8.self)
  }
}
