import Foundation
import Glibc
import Synchronization
import Testing

/// A bundle in a directory of its own, and the container that is made from it.
final class Bundle {
  enum Kind {
    /// busybox in `rootfs`, this bundle's own copy.
    case flat
    /// The three layers of `rootfs-fixtures/layers`, shared by all.
    case layers
  }

  let directory: String
  let id: String
  /// The last thing that `command` ran, for messages.
  private(set) var last = ""

  var state: String { "\(directory)/state" }
  var rootfs: String { "\(directory)/rootfs" }
  var configuration: String { "\(directory)/config.json" }

  /// Made once; nothing may change them, which the cases about layers check.
  static let layers: String = {
    let path = Host.temporaryDirectory("layers")
    _ = try? Host.must(Host.fixture("layers"), path)
    return path
  }()

  private static let flatTemplate: String = {
    let path = Host.temporaryDirectory("flat")
    _ = try? Host.must(Host.fixture("bundle"), path, "--flat")
    return path
  }()

  /// The config.json of each kind and options, made once: jq takes a second to start on an emulated processor.
  private static let configurations = Mutex<[String: String]>([:])

  fileprivate init(_ kind: Kind, _ options: [String]) throws {
    directory = Host.temporaryDirectory("test")
    id = "it-" + (directory.split(separator: ".").last.map(String.init) ?? "")
    if kind == .flat {
      try Host.must("cp", "-a", "\(Self.flatTemplate)/rootfs", rootfs)
      if options.contains("--userns") { try Host.must("chown", "-Rh", "100000:100000", rootfs) }
    }
    let key = "\(kind) \(options)"
    if let known = Self.configurations.withLock({ $0[key] }) {
      Host.write(known, to: configuration)
      return
    }
    let layers = kind == .flat ? "\(Self.flatTemplate)/rootfs/sys" : Self.layers
    let made = try Host.run(
      [Host.fixture("bundle"), directory, "--layers", layers] + options + ["--", "/bin/true"])
    guard made.code == 0 else { throw HostError(description: "\(made)") }
    if kind == .flat { try edit(".annotations = {}") }
    let text = Host.read(configuration)
    Self.configurations.withLock { $0[key] = text }
  }

  /// Changes config.json with a jq program.
  func edit(_ program: String) throws {
    let changed = try Host.must("jq", program, configuration)
    Host.write(changed, to: configuration)
  }

  /// Sets the entrypoint.
  func arguments(_ arguments: [String]) throws {
    let json = try JSONSerialization.data(withJSONObject: arguments)
    try edit(".process.args = \(String(decoding: json, as: UTF8.self))")
  }

  func script(_ text: String) throws { try arguments(["/bin/sh", "-c", text]) }

  private func line(_ arguments: [String]) -> [String] { [Host.program, "--root", state] + arguments }

  /// The runtime's command with this bundle's state directory.
  func command(
    _ arguments: String..., input: String = "", descriptors: [Int32: Int32] = [:], environment: [String: String] = [:]
  ) throws -> Outcome {
    last = arguments.joined(separator: " ")
    return try Host.run(
      line(arguments), input: input, descriptors: descriptors, environment: environment, directory: directory)
  }

  func spawn(_ arguments: String..., descriptors: [Int32: Int32] = [:]) throws -> Host.Child {
    try Host.spawn(line(arguments), descriptors: descriptors, directory: directory)
  }

  func run(
    _ flags: String..., input: String = "", descriptors: [Int32: Int32] = [:], environment: [String: String] = [:]
  ) throws -> Outcome {
    try Host.run(
      line(["run", "--bundle", directory] + flags + [id]), input: input, descriptors: descriptors,
      environment: environment, directory: directory)
  }

  /// Runs a shell script as the entrypoint.
  func sh(_ text: String, input: String = "") throws -> Outcome {
    try script(text)
    return try run(input: input)
  }

  /// A command that has to work.
  @discardableResult
  func must(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let outcome = try Host.run(line(arguments), directory: directory)
    guard outcome.code == 0 else {
      throw HostError(description: "\(arguments.joined(separator: " ")): \(outcome) at \(sourceLocation)")
    }
    return outcome.output
  }

  /// Creates and starts a container that waits until it is killed, in the background.
  func start(_ text: String = "while :; do sleep 0.1; done") throws {
    try script(text)
    try must("create", "--bundle", directory, id)
    try must("start", id)
  }

  func exec(_ arguments: String..., input: String = "") throws -> Outcome {
    try Host.run(line(["exec", id] + arguments), input: input, directory: directory)
  }

  /// One value of `state`'s answer, by jq path.
  func state(_ path: String) throws -> String {
    let json = try must("state", id)
    return try Host.must("jq", "-r", path, input: json).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  var pid: pid_t { get throws { pid_t(try state(".pid")) ?? 0 } }

  func waitUntilStopped() throws {
    try Host.wait(for: "\(id) stopped") { try state(".status") == "stopped" }
  }
}

/// Makes a bundle, runs the case, deletes whatever container is still there, and checks that nothing of it is left.
func withBundle(
  _ kind: Bundle.Kind = .flat, _ edits: String..., options: [String] = [],
  sourceLocation: SourceLocation = #_sourceLocation, _ body: (Bundle) throws -> Void
) throws {
  let bundle = try Bundle(kind, options)
  defer { Host.remove(bundle.directory) }
  for program in edits { try bundle.edit(program) }
  let before = Leftovers.snapshot(of: bundle)
  defer {
    let deleted = try? bundle.command("delete", "--force", bundle.id)
    #expect(deleted?.code == 0, "delete --force: \(String(describing: deleted))", sourceLocation: sourceLocation)
    Leftovers.check(bundle, before, sourceLocation: sourceLocation)
  }
  try body(bundle)
}
