import Glibc
import Testing

extension Integration {
  /// A host that does not do its part: full or read-only file systems, and a runtime that is killed on the way.
  @Suite(.disabled(if: Host.isControl)) struct HostTrouble {}
}

extension Integration.HostTrouble {
  /// Runs the bundle in a mount namespace that a script prepares first; `$1` is the bundle's directory.
  private func run(_ bundle: Bundle, after script: String) throws -> Outcome {
    try Host.run([
      "unshare", "--mount", "--propagation", "private", "sh", "-ec", "\(script)\nshift\nexec \"$@\"", "sh",
      bundle.directory, Host.program, "--root", bundle.state, "run", "--bundle", bundle.directory, bundle.id,
    ])
  }

  /// A file system, mounted where the state or the container layers are, and what is said of it.
  struct Trouble: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var script: String
    var message: String
  }

  static let troubles = [
    Trouble(
      testDescription: "read-only state directory",
      script: #"mkdir "$1/state"; mount -t tmpfs -o ro,mode=0700 none "$1/state""#,
      message: ".journal: read-only file system"),
    Trouble(
      testDescription: "no space for the state",
      script: #"mkdir "$1/state"; mount -t tmpfs -o size=4k,mode=0700 none "$1/state"; echo full > "$1/state/x""#,
      message: "write state of"),
    Trouble(
      testDescription: "space for the record, but not for config.json",
      script: #"mkdir "$1/state"; mount -t tmpfs -o size=4k,mode=0700 none "$1/state""#,
      message: ".config.json: no space left on device"),
    Trouble(
      testDescription: "a state directory that others may write to",
      script: #"mkdir "$1/state"; mount -t tmpfs -o mode=0777 none "$1/state""#,
      message: "must belong to the caller and be writable by nobody else"),
    Trouble(
      testDescription: "read-only place for container layers",
      script: "mkdir -p /var/lib/swiftcr; mount -t tmpfs -o ro none /var/lib/swiftcr",
      message: "read-only file system"),
    Trouble(
      testDescription: "no space for the container layer",
      // The root and `containers` have one each: the layer's own directory gets the third, `upper` none.
      script: "mkdir -p /var/lib/swiftcr; mount -t tmpfs -o nr_inodes=3 none /var/lib/swiftcr",
      message: "make container layer"),
  ]

  @Test("it is told in one line, and nothing is left", arguments: troubles) func trouble(_ trouble: Trouble) throws {
    try withBundle(.layers) { bundle in
      let outcome = try run(bundle, after: trouble.script)
      #expect(outcome.code == 1 && outcome.errors.contains(trouble.message), "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.output.isEmpty, "\(outcome)")
    }
  }

  /// `run` is killed while a hook runs: cgroups, container layer and a waiting stage are there.
  private func killHalfWay(_ bundle: Bundle) throws {
    let reached = "\(bundle.directory)/reached"
    // The hook ends by itself when nobody is left who could remove the container.
    try bundle.edit(
      #".hooks = {"prestart": [{"path": "/bin/sh", "args": ["sh", "-c", "echo > \#(reached); while ! test -e \#(reached).over; do sleep 0.05; done"]}]}"#
    )
    let run = try bundle.spawn("run", "--bundle", bundle.directory, bundle.id)
    try Host.wait(for: "the hook") { Host.exists(reached) }
    _ = kill(run.pid, SIGKILL)
    #expect(try run.wait().code == 137)
    Host.write("", to: "\(reached).over")
    try bundle.edit("del(.hooks)")
  }

  @Test("an id that a killed runtime left can be run again") func again() throws {
    try withBundle(.layers) { bundle in
      try killHalfWay(bundle)
      #expect(try bundle.sh("echo again").output == "again\n")
    }
  }

  @Test("what a killed runtime left can be looked at and deleted") func delete() throws {
    try withBundle(.layers) { bundle in
      try killHalfWay(bundle)
      #expect(try bundle.state(".status") == "stopped")
      #expect(try bundle.must("list", "--quiet") == bundle.id + "\n")
      try bundle.must("delete", bundle.id)
    }
  }
}
