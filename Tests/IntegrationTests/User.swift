import Foundation
import Glibc
import Testing

/// An ordinary user who exists in these tests only, with directories of its own and, if wanted, subordinate ids.
///
/// Nothing of the host is changed: what programs read of /etc is covered in a mount namespace of each command's own.
final class User {
  static let id: UInt32 = 4242
  static let first: UInt32 = 4_000_000

  /// What the user has besides the own id.
  enum Ids {
    case single
    /// 65,536 subordinate ids, which newuidmap gives.
    case subordinate
    /// The same, and no newuidmap.
    case withoutHelpers
  }

  let home: String
  private let covers: [String: String]
  /// Whether the directory of container layers is itself on an overlay.
  var overlaysData = false
  /// A cgroup that each command is put into.
  var cgroup: String?

  var state: String { "\(home)/run/swiftcr" }
  var containers: String { "\(home)/data/swiftcr/containers" }

  init(_ ids: Ids, in directory: String) throws {
    home = "\(directory)/home"
    try Host.must("mkdir", "-p", "\(home)/run", "\(home)/data", "\(directory)/etc", "\(directory)/bin")
    try Host.must("chown", "-R", "\(Self.id):\(Self.id)", home)
    try Host.must("chmod", "700", home)
    let account = "tester:x:\(Self.id):\(Self.id)::\(home):/bin/sh\n"
    Host.write(Host.read("/etc/passwd") + account, to: "\(directory)/etc/passwd")
    var covers = ["/etc": "\(directory)/etc"]
    if ids != .single {
      for file in ["subuid", "subgid"] { Host.write("tester:\(Self.first):65536\n", to: "\(directory)/etc/\(file)") }
    }
    if ids == .withoutHelpers {
      // Whiteouts: no such programs.
      for name in ["newuidmap", "newgidmap"] { try Host.must("mknod", "\(directory)/bin/\(name)", "c", "0", "0") }
      covers["/usr/bin"] = "\(directory)/bin"
    }
    self.covers = covers
  }

  /// A command line that runs another one as this user.
  private func line(_ arguments: [String]) -> [String] {
    var mounts = covers.map { "mount -t overlay overlay -o lowerdir=\($0.value):\($0.key) \($0.key)\n" }.joined()
    if overlaysData {
      let place = "\(home)/../upper"
      mounts += """
        mkdir -p \(place)/up \(place)/work; chown \(Self.id):\(Self.id) \(place)/up
        mount -t overlay overlay -o lowerdir=\(home)/data,upperdir=\(place)/up,workdir=\(place)/work \(home)/data
        """
    }
    let script = """
      set -e
      \(mounts)
      \(cgroup.map { "echo 0 > \($0)/cgroup.procs" } ?? "")
      exec setpriv --reuid \(Self.id) --regid \(Self.id) --clear-groups env -i PATH=/usr/bin:/bin HOME=\(home) \
        XDG_RUNTIME_DIR=\(home)/run XDG_DATA_HOME=\(home)/data "$@"
      """
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"] + arguments
  }

  func run(_ arguments: [String], directory: String = "/") throws -> Outcome {
    try Host.run(line(arguments), directory: directory)
  }

  func spawn(_ arguments: [String], directory: String) throws -> Host.Child {
    try Host.spawn(line(arguments), directory: directory)
  }
}

/// A bundle of such a user.
final class UserBundle {
  let directory: String
  let id: String
  let user: User
  var configuration: String { "\(directory)/config.json" }

  /// The layers of `rootfs-fixtures/layers`, the user's own, and opaque for `userxattr` too.
  static let layers: String = {
    let path = Host.temporaryDirectory("user-layers")
    _ = try? Host.must(Host.fixture("layers"), "\(path)/chain", "--userxattr")
    _ = try? Host.must("chown", "-Rh", "\(User.id):\(User.id)", "\(path)/chain")
    return "\(path)/chain"
  }()

  /// A cgroup in a hierarchy that the user may make others in; the caller removes it.
  func delegate(_ hierarchy: String) throws -> String {
    let cgroup = "\(hierarchy)/\(id)"
    try Host.must("mkdir", cgroup)
    let files = ["tasks", "cgroup.procs", "cgroup.subtree_control"].map { "\(cgroup)/\($0)" }.filter(Host.exists)
    for path in [cgroup] + files { try Host.must("chown", "\(User.id)", path) }
    user.cgroup = cgroup
    return cgroup
  }

  fileprivate init(_ ids: User.Ids) throws {
    directory = Host.temporaryDirectory("user")
    id = "it-" + (directory.split(separator: ".").last.map(String.init) ?? "")
    user = try User(ids, in: directory)
    let spec = try user.run([Host.program, "spec", "--rootless", "--bundle", user.home])
    guard spec.code == 0 else { throw HostError(description: "spec --rootless: \(spec)") }
    try Host.must("mv", "\(user.home)/config.json", configuration)
    let layers = try JSONSerialization.data(withJSONObject: (1...3).map { "\(Self.layers)/\($0)" })
    try edit(
      """
      .process.terminal = false | .root.readonly = false
      | .annotations["io.swiftcr.layers"] = (\(String(decoding: layers, as: UTF8.self)) | tojson)
      """)
    if ids != .single {
      try edit(
        """
        .linux.uidMappings = [
          {containerID: 0, hostID: \(User.id), size: 1}, {containerID: 1, hostID: \(User.first), size: 65536}]
        | .linux.gidMappings = .linux.uidMappings | .process.capabilities[] += ["CAP_CHOWN", "CAP_SETUID", "CAP_SETGID"]
        """)
    }
  }

  func edit(_ program: String) throws {
    let changed = try Host.must("jq", program, configuration)
    Host.write(changed, to: configuration)
  }

  func script(_ text: String) throws {
    let json = try JSONSerialization.data(withJSONObject: ["/bin/sh", "-c", text])
    try edit(".process.args = \(String(decoding: json, as: UTF8.self))")
  }

  func command(_ arguments: String...) throws -> Outcome {
    try user.run([Host.program] + arguments, directory: directory)
  }

  @discardableResult
  func must(_ arguments: String...) throws -> String {
    let outcome = try user.run([Host.program] + arguments, directory: directory)
    guard outcome.code == 0 else { throw HostError(description: "\(arguments.joined(separator: " ")): \(outcome)") }
    return outcome.output
  }

  func sh(_ text: String, _ flags: String...) throws -> Outcome {
    try script(text)
    return try user.run([Host.program, "run", "--bundle", directory] + flags + [id], directory: directory)
  }

  /// A container that runs in the background until it is killed.
  func start(_ text: String = "while :; do sleep 0.1; done") throws {
    try script(text)
    try must("create", "--bundle", directory, id)
    try must("start", id)
  }

  /// The entries of the user's directories for state and layers.
  var leftovers: [String] {
    let files = FileManager.default
    return [user.state, user.containers].flatMap { (try? files.contentsOfDirectory(atPath: $0)) ?? [] }
  }
}

/// Makes a bundle of an ordinary user, runs the case, and checks that `delete --force` leaves nothing.
func withUserBundle(
  _ ids: User.Ids = .single, _ edits: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: (UserBundle) throws -> Void
) throws {
  let bundle = try UserBundle(ids)
  defer { Host.remove(bundle.directory) }
  for program in edits { try bundle.edit(program) }
  defer {
    let deleted = try? bundle.command("delete", "--force", bundle.id)
    #expect(deleted?.code == 0, "delete --force: \(String(describing: deleted))", sourceLocation: sourceLocation)
    #expect(bundle.leftovers == [], "left over", sourceLocation: sourceLocation)
    let mounts = Host.read("/proc/self/mountinfo")
    #expect(!mounts.contains(bundle.directory), "mounts left over", sourceLocation: sourceLocation)
  }
  try body(bundle)
}
