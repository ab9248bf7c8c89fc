import Foundation
import Glibc
import Testing

/// A CRIU that works on this kernel: the host's, or the one that `scripts/criu-setup` got.
private enum Criu {
  static let program: String? = {
    let cache = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"] ?? "/var/cache"
    for program in ["\(cache)/swiftcr-criu/trixie/swiftcr/criu", "/usr/sbin/criu"] where access(program, X_OK) == 0 {
      if let check = try? Host.run([program, "check"]), check.code == 0, saves(program) { return program }
    }
    return nil
  }()

  /// `criu check` asks for what CRIU needs to know of: a kernel may also lack what it takes for granted (UDP-Lite, say).
  private static func saves(_ program: String) -> Bool {
    let images = Host.temporaryDirectory("criu")
    defer { Host.remove(images) }
    // In a session of its own, or CRIU would want the one that this process is in.
    guard let process = try? Host.spawn(["setsid", "sleep", "1000"]) else { return false }
    try? Host.wait(for: "the program") { Host.read("/proc/\(process.pid)/comm") == "sleep\n" }
    let saved = try? Host.run([
      program, "dump", "--tree", "\(process.pid)", "--leave-running", "--images-dir", images, "--shell-job",
    ])
    return saved?.code == 0
  }

  /// Kernels without CONFIG_MEM_SOFT_DIRTY do not tell which memory has changed.
  static let tracksMemory: Bool = {
    guard let program else { return false }
    return (try? Host.run([program, "check", "--feature", "mem_dirty_track"]))?.code == 0
  }()
}

extension Integration {
  /// Containers on disk and back.
  @Suite(.disabled(if: Host.isControl, "swiftcr's options")) struct Checkpoint {}
}

extension Integration.Checkpoint {
  /// Counts in its memory, and writes each number to a file that it holds open.
  private static let counter =
    "i=0; exec 3>/count; while :; do i=$((i+1)); echo $i >&3; sleep 0.02; done"

  private static let needsCriu = Comment(
    rawValue: "no CRIU here saves even a plain process: scripts/criu-setup gets one")

  private static func count(_ bundle: Bundle) throws -> Int {
    try Int(bundle.exec("tail", "-n", "1", "/count").output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }

  private static func counts(_ bundle: Bundle, beyond number: Int) throws {
    try Host.wait(for: "a count above \(number)") { try count(bundle) > number }
  }

  private static func save(_ bundle: Bundle, _ options: String...) throws -> Outcome {
    try call(bundle, ["checkpoint"] + options)
  }

  private static func restore(_ bundle: Bundle, _ options: String...) throws -> Outcome {
    try call(bundle, ["restore", "--detach", "--bundle", bundle.directory] + options)
  }

  private static func call(_ bundle: Bundle, _ words: [String]) throws -> Outcome {
    try Host.run(
      [Host.program, "--root", bundle.state] + words + [
        "--criu", Criu.program ?? "criu", "--image-path", "\(bundle.directory)/images", "--work-path",
        "\(bundle.directory)/work", bundle.id,
      ], directory: bundle.directory)
  }

  @Test("podman's probe") func probe() throws {
    try withBundle { bundle in
      for name in ["checkpoint", "restore"] { #expect(try bundle.command(name, "--help").code == 0) }
      let features = try bundle.must("features")
      #expect(features.contains("\"org.opencontainers.runc.checkpoint.enabled\": \"true\""))
    }
  }

  /// What the host's mount of cgroup v2 says of itself: it is one and the same for all of its mounts.
  private static var cgroupOptions: [Substring] {
    Host.read("/proc/self/mounts").split(separator: "\n").filter { $0.contains(" cgroup2 ") }
  }

  @Test("memory and open files survive", .enabled(if: Criu.program != nil, needsCriu), arguments: [false, true])
  func survive(_ hasLayers: Bool) throws {
    try withBundle(hasLayers ? .layers : .flat) { bundle in
      try bundle.start(Self.counter)
      try Self.counts(bundle, beyond: 5)
      let mounts = try bundle.exec("cat", "/proc/1/mounts").output
      let options = Self.cgroupOptions
      let saved = try Self.save(bundle)
      #expect(saved.code == 0, "\(saved)")
      #expect(try bundle.state(".status") == "stopped")

      let restored = try Self.restore(bundle, "--pid-file", "\(bundle.directory)/pid")
      #expect(Self.cgroupOptions == options, "the host's cgroup mount has changed")
      #expect(restored.code == 0, "\(restored)")
      #expect(try bundle.state(".status") == "running")
      #expect(try Host.read("\(bundle.directory)/pid") == "\(bundle.pid)")
      let before = try Self.count(bundle)
      #expect(before > 5)
      try Self.counts(bundle, beyond: before)
      // One unbroken series: nothing was lost, and nothing counted twice.
      let series = try bundle.exec(
        "sh", "-c", "seq 1 $(tail -n 1 /count) > /wanted; head -n $(wc -l < /wanted) /count | cmp - /wanted")
      #expect(series.code == 0, "\(series)")
      // Without the root, and without the names of the devices: cgroup v2's is the host's afterwards.
      func sorted(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { !$0.contains(" / ") }.map { $0.drop { $0 != " " } }.sorted()
      }
      let restoredMounts = try sorted(bundle.exec("cat", "/proc/1/mounts").output)
      #expect(restoredMounts == sorted(mounts))
      #expect(Host.read("/proc/\(try bundle.pid)/cgroup").contains(bundle.id))
    }
  }

  @Test("a container that goes on", .enabled(if: Criu.program != nil, needsCriu)) func leaveRunning() throws {
    try withBundle { bundle in
      try bundle.start(Self.counter)
      let pid = try bundle.pid
      let saved = try Self.save(bundle, "--leave-running")
      #expect(saved.code == 0, "\(saved)")
      #expect(try bundle.pid == pid)
      try Self.counts(bundle, beyond: try Self.count(bundle))
      #expect(try Self.restore(bundle).errors.contains("container with given ID already exists"))
    }
  }

  @Test(
    "the memory beforehand, then the rest",
    .enabled(if: Criu.tracksMemory, "no CRIU here, or a kernel without CONFIG_MEM_SOFT_DIRTY"))
  func preDump() throws {
    try withBundle { bundle in
      try bundle.start(Self.counter)
      let parent = "\(bundle.directory)/parent"
      let before = try bundle.command(
        "checkpoint", "--pre-dump", "--criu", Criu.program ?? "", "--image-path", parent, bundle.id)
      #expect(before.code == 0, "\(before)")
      let saved = try Self.save(bundle, "--parent-path", "../parent")
      #expect(saved.code == 0, "\(saved)")
      #expect(try Self.restore(bundle).code == 0)
    }
  }

  @Test("what the kernel cannot do is said", .enabled(if: Criu.program != nil && !Criu.tracksMemory, needsCriu))
  func noPreDump() throws {
    try withBundle { bundle in
      try bundle.start(Self.counter)
      let outcome = try Self.save(bundle, "--pre-dump")
      #expect(outcome.code == 1 && outcome.errors.contains("Tracking memory is not available"), "\(outcome)")
      #expect(try bundle.state(".status") == "running")
    }
  }

  @Test("a terminal comes back over the console socket", .enabled(if: Criu.program != nil, needsCriu))
  func terminal() throws {
    try withBundle(.flat, ".process.terminal = true") { bundle in
      let first = try Listener("\(bundle.directory)/s1")
      try bundle.script("stty -echo; while read line; do echo heard $line; done")
      try bundle.must("create", "--bundle", bundle.directory, "--console-socket", first.path, bundle.id)
      let handle = try first.receive().handle
      try bundle.must("start", bundle.id)
      _ = handle
      let saved = try Self.save(bundle, "--shell-job")
      #expect(saved.code == 0, "\(saved)")
      let second = try Listener("\(bundle.directory)/s2")
      let restored = try Self.restore(bundle, "--shell-job", "--console-socket", second.path)
      #expect(restored.code == 0, "\(restored)")
      guard restored.code == 0 else { return }
      let master = try second.receive().handle
      master.write("again\n")
      #expect(try master.read(until: "heard again").contains("heard again"))
    }
  }

  @Test("a bind mount is the bundle's again", .enabled(if: Criu.program != nil, needsCriu)) func bind() throws {
    try withBundle { bundle in
      let data = "\(bundle.directory)/data"
      mkdir(data, 0o755)
      try bundle.edit(
        ".mounts += [{destination: \"/var/data\", type: \"bind\", source: \"\(data)\", options: [\"bind\", \"ro\"]}]")
      try bundle.start(Self.counter)
      #expect(try Self.save(bundle).code == 0)
      let restored = try Self.restore(bundle)
      #expect(restored.code == 0, "\(restored)")
      Host.write("from the host", to: "\(data)/file")
      #expect(try bundle.exec("cat", "/var/data/file").output == "from the host")
      #expect(try bundle.exec("touch", "/var/data/new").errors.contains("Read-only file system"))
    }
  }

  @Test("in a network namespace that was there before, with hooks", .enabled(if: Criu.program != nil, needsCriu))
  func joined() throws {
    let network = try HeldNetwork()
    try withBundle(
      .flat, ".linux.namespaces |= map(if .type == \"network\" then .path = \"\(network.path)\" else . end)"
    ) { bundle in
      for (kind, word) in [("createRuntime", "made"), ("poststart", "runs"), ("poststop", "gone")] {
        let command = "echo \(word) >> \(bundle.directory)/hooks"
        try bundle.edit(".hooks.\(kind) = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"\(command)\"]}]")
      }
      try bundle.start(Self.counter)
      let saved = try Self.save(bundle)
      #expect(saved.code == 0, "\(saved)")
      let restored = try Self.restore(bundle)
      #expect(restored.code == 0, "\(restored)")
      #expect(try bundle.exec("readlink", "/proc/1/ns/net").output == network.name + "\n")
      try bundle.must("delete", "--force", bundle.id)
      #expect(Host.read("\(bundle.directory)/hooks") == "made\nruns\nmade\nruns\ngone\n")
    }
  }

  @Test("a layer waits for the next try when a restore fails", .enabled(if: Criu.program != nil, needsCriu))
  func secondTry() throws {
    try withBundle(.layers) { bundle in
      try bundle.start(Self.counter)
      #expect(try Self.save(bundle).code == 0)
      let pstree = "\(bundle.directory)/images/pstree.img"
      try Host.must("cp", pstree, "\(pstree).whole")
      try Host.must("truncate", "-s", "10", pstree)
      #expect(try Self.restore(bundle).errors.contains("criu failed: "))
      #expect(try bundle.state(".status") == "stopped")
      try Host.must("mv", "\(pstree).whole", pstree)
      let restored = try Self.restore(bundle)
      #expect(restored.code == 0, "\(restored)")
      try Self.counts(bundle, beyond: try Self.count(bundle))
    }
  }

  @Test(
    "runs and restores that are waited for", .enabled(if: Criu.program != nil, needsCriu), arguments: [false, true])
  func foreground(_ hasLayers: Bool) throws {
    try withBundle(hasLayers ? .layers : .flat) { bundle in
      try bundle.script("while [ ! -e /end ]; do sleep 0.02; done; echo ended; exit 7")
      let run = try bundle.spawn("run", "--bundle", bundle.directory, bundle.id)
      try Host.wait(for: "running") { (try? bundle.state(".status")) == "running" }
      let saved = try Self.save(bundle)
      #expect(saved.code == 0, "\(saved)")
      #expect(try run.wait().code == 137)
      let again = try bundle.spawn(
        "restore", "--criu", Criu.program ?? "", "--bundle", bundle.directory, "--image-path",
        "\(bundle.directory)/images", "--work-path", "\(bundle.directory)/work", bundle.id)
      try Host.wait(30, for: "running again") { (try? bundle.state(".status")) == "running" }
      #expect(try bundle.exec("touch", "/end").code == 0)
      let outcome = try again.wait()
      #expect(outcome.code == 7 && outcome.output == "ended\n", "\(outcome)")
      #expect(try bundle.command("state", bundle.id).code == 1)
    }
  }

  @Test("a destination that became a symbolic link", .enabled(if: Criu.program != nil, needsCriu)) func link() throws {
    try withBundle { bundle in
      let data = "\(bundle.directory)/data"
      mkdir(data, 0o755)
      try bundle.edit(".mounts += [{destination: \"/data\", type: \"bind\", source: \"\(data)\", options: [\"bind\"]}]")
      try bundle.start(Self.counter)
      #expect(try Self.save(bundle).code == 0)
      try Host.must("sh", "-c", "rmdir \(bundle.rootfs)/data && ln -s \(data) \(bundle.rootfs)/data")
      let restored = try Self.restore(bundle)
      #expect(restored.code == 1 && restored.errors.contains("/data leads through a symbolic link"), "\(restored)")
      #expect(try bundle.state(".status") == "stopped")
    }
  }

  @Test("images that are damaged or missing leave nothing", .enabled(if: Criu.program != nil, needsCriu))
  func damaged() throws {
    try withBundle { bundle in
      let nothing = try Self.restore(bundle)
      #expect(nothing.code == 1 && nothing.errors.contains("no such file or directory"), "\(nothing)")
      try bundle.start(Self.counter)
      #expect(try Self.save(bundle).code == 0)
      try bundle.must("delete", bundle.id)
      try Host.must("truncate", "-s", "10", "\(bundle.directory)/images/pstree.img")
      let before = Leftovers.snapshot(of: bundle)
      let restored = try Self.restore(bundle)
      #expect(restored.code == 1 && restored.errors.contains("criu failed: "), "\(restored)")
      Leftovers.check(bundle, before, sourceLocation: #_sourceLocation)
      Host.write("{}", to: "\(bundle.directory)/images/swiftcr.json")
      #expect(try Self.restore(bundle).errors.contains("swiftcr.json is damaged"))
    }
  }

  @Test("a CRIU that is missing or fails changes nothing", arguments: ["/nowhere/criu", "failing"])
  func failing(_ name: String) throws {
    try withBundle { bundle in
      var program = name
      if name == "failing" {
        program = "\(bundle.directory)/criu"
        Host.write("#!/bin/sh\nexit 1\n", to: program)
        chmod(program, 0o755)
      }
      try bundle.start(Self.counter)
      let pid = try bundle.pid
      let images = "\(bundle.directory)/images"
      let outcome = try bundle.command("checkpoint", "--criu", program, "--image-path", images, bundle.id)
      #expect(outcome.code == 1 && outcome.lines.isEmpty, "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1)
      let reason = name == "failing" ? "CRIU ended early" : "no such file or directory"
      #expect(outcome.errors.contains(reason), "\(outcome)")
      #expect(try bundle.state(".status") == "running")
      #expect(try bundle.pid == pid)
      try Self.counts(bundle, beyond: try Self.count(bundle))
    }
  }

  @Test("what is not supported is said", arguments: ["--lazy-pages", "--page-server=:1", "--status-fd=3"])
  func unsupported(_ option: String) throws {
    try withBundle { bundle in
      try bundle.start()
      let outcome = try bundle.command("checkpoint", option, "--image-path", "\(bundle.directory)/images", bundle.id)
      #expect(outcome.code == 1 && outcome.errors.contains("not supported"), "\(outcome)")
      #expect(try bundle.state(".status") == "running")
    }
  }
}
