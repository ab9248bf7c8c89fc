import Foundation
import Glibc
import Testing

extension Integration {
  /// Cgroups that systemd makes; `scripts/vm --systemd` is a host for these cases.
  @Suite(.enabled(if: Host.exists("/run/systemd/system"), "needs a host that systemd runs")) struct Systemd {}
}

extension Bundle {
  fileprivate var unit: String { "swcrtest-\(id).scope" }
  fileprivate var scope: String { "/sys/fs/cgroup/swcrtest.slice/\(unit)" }

  /// What systemd says of the container's unit.
  fileprivate func systemd(_ property: String) throws -> String {
    try Host.must("systemctl", "show", "--value", "--property", property, unit)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  fileprivate func startInScope(_ text: String = "while :; do sleep 0.1; done") throws {
    try script(text)
    try must("--systemd-cgroup", "create", "--bundle", directory, id)
    try must("start", id)
  }
}

/// A bundle whose cgroups are systemd's, with limits.
private func withScope(
  _ edits: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: (Bundle) throws -> Void
) throws {
  try withBundle(
    .flat, #".linux.resources += {"memory":{"limit":67108864},"pids":{"limit":50},"cpu":{"shares":512}}"#,
    sourceLocation: sourceLocation
  ) { bundle in
    try bundle.edit(".linux.cgroupsPath = \"swcrtest.slice:swcrtest:\(bundle.id)\"")
    for edit in edits { try bundle.edit(edit) }
    defer {
      _ = try? bundle.command("delete", "--force", bundle.id)
      let units = try? Host.must("systemctl", "list-units", "--all", "--plain", "--no-legend", bundle.unit)
      #expect(units == "", "unit left over", sourceLocation: sourceLocation)
      #expect(!Host.exists(bundle.scope), "cgroup left over", sourceLocation: sourceLocation)
      _ = try? Host.must("systemctl", "stop", "swcrtest.slice")
    }
    try body(bundle)
  }
}

extension Integration.Systemd {
  @Test("run: the unit is there while the container is, with its limits") func foreground() throws {
    try withScope { bundle in
      try bundle.script("cat /proc/self/cgroup /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max; exit 7")
      let outcome = try bundle.command("--systemd-cgroup", "run", "--bundle", bundle.directory, bundle.id)
      #expect(outcome.code == 7 && outcome.lines == ["0::/", "50", "67108864"], "\(outcome)")
    }
  }

  @Test("systemd knows the unit, its slice, its limits and its processes") func unit() throws {
    try withScope { bundle in
      try bundle.startInScope()
      #expect(try bundle.systemd("Slice") == "swcrtest.slice")
      #expect(try bundle.systemd("ControlGroup") == "/swcrtest.slice/\(bundle.unit)")
      #expect(try bundle.systemd("Delegate") == "yes")
      #expect(try bundle.systemd("MemoryMax") == "67108864")
      #expect(try bundle.systemd("TasksMax") == "50")
      #expect(try bundle.systemd("CPUWeight") == Host.read("\(bundle.scope)/cpu.weight").dropLast())
      #expect(try bundle.systemd("Description").contains(bundle.id))
      // Whoever held the cgroup open has gone.
      try Host.wait(for: "one process and its child at most") {
        Host.read("\(bundle.scope)/cgroup.procs").split(separator: "\n").count <= 2
      }
      #expect(try Host.read("\(bundle.scope)/cgroup.procs").contains("\(bundle.pid)\n"))
      let exec = try bundle.exec("cat", "/proc/self/cgroup")
      #expect(exec.output == "0::/\n", "\(exec)")
    }
  }

  @Test("limits and device rules stay as they are when systemd reloads") func reload() throws {
    let nodes =
      #".linux.devices = [{"path":"/dev/sda","type":"b","major":8,"minor":0},{"path":"/dev/mem","type":"c","major":1,"minor":1}]"#
    try withScope(nodes) { bundle in
      try bundle.startInScope()
      try bundle.must("update", "--memory", "33554432", "--memory-swap", "50331648", "--pids-limit", "40", bundle.id)
      try Host.must("systemctl", "daemon-reload")
      // A change of any property makes systemd write them all.
      try Host.must("systemctl", "set-property", "--runtime", bundle.unit, "TasksMax=41")
      #expect(try bundle.systemd("MemoryMax") == "33554432")
      #expect(Host.read("\(bundle.scope)/memory.max") == "33554432\n")
      #expect(Host.read("\(bundle.scope)/memory.swap.max") == "16777216\n")
      #expect(Host.read("\(bundle.scope)/pids.max") == "41\n")
      let outcome = try bundle.exec(
        "sh", "-c",
        "for i in /dev/sda /dev/mem; do dd if=$i count=1 bs=1 2>&1 | grep -c permitted; done; "
          + "dd if=/dev/zero of=/dev/null count=1 bs=1 2>/dev/null && echo fine")
      #expect(outcome.lines == ["1", "1", "fine"], "\(outcome)")
    }
  }

  @Test("one half of a pair is updated: the other stays") func update() throws {
    try withScope(
      #".linux.resources.memory.swap = 134217728 | .linux.resources.cpu += {"quota":50000,"period":100000}"#
    ) { bundle in
      try bundle.startInScope()
      try bundle.must("update", "--memory", "100663296", bundle.id)
      #expect(Host.read("\(bundle.scope)/memory.swap.max") == "33554432\n")
      #expect(try bundle.systemd("MemorySwapMax") == "33554432")
      try bundle.must("update", "--cpu-quota", "25000", bundle.id)
      #expect(Host.read("\(bundle.scope)/cpu.max") == "25000 100000\n")
      #expect(try bundle.systemd("CPUQuotaPerSecUSec") == "250ms")
    }
  }

  @Test("pause, resume, kill and delete") func commands() throws {
    try withScope { bundle in
      try bundle.startInScope()
      try bundle.must("pause", bundle.id)
      #expect(try bundle.state(".status") == "paused")
      try bundle.must("resume", bundle.id)
      try bundle.must("kill", bundle.id, "KILL")
      try bundle.waitUntilStopped()
      try bundle.must("delete", bundle.id)
      #expect(!Host.exists(bundle.scope))
    }
  }

  @Test("systemd stops the unit: the container has stopped, and is deleted as any other") func stopped() throws {
    try withScope { bundle in
      try bundle.startInScope()
      try Host.must("systemctl", "kill", "--signal=KILL", bundle.unit)
      try bundle.waitUntilStopped()
      try bundle.must("delete", bundle.id)
    }
  }

  @Test("annotations are properties of the unit, and win") func annotations() throws {
    let edit =
      #".annotations = {"org.systemd.property.TimeoutStopSec":"7","org.systemd.property.TasksMax":"uint64 30","#
      + #""org.systemd.property.CollectMode":"'inactive-or-failed'"}"#
    try withScope(edit) { bundle in
      try bundle.startInScope()
      #expect(try bundle.systemd("TimeoutStopUSec") == "7s")
      #expect(try bundle.systemd("TasksMax") == "30")
      #expect(try bundle.systemd("CollectMode") == "inactive-or-failed")
    }
  }

  @Test("a slice for the container instead of a scope") func slice() throws {
    try withScope { bundle in
      let name = bundle.id.replacingOccurrences(of: "-", with: "")
      try bundle.edit(".linux.cgroupsPath = \"swcrtest.slice:x:swcrtest-\(name).slice\"")
      try bundle.startInScope()
      let procs = Host.read("/sys/fs/cgroup/swcrtest.slice/swcrtest-\(name).slice/cgroup.procs")
      #expect(try procs.contains("\(bundle.pid)\n"))
      try bundle.must("delete", "--force", bundle.id)
      #expect(!Host.exists("/sys/fs/cgroup/swcrtest.slice/swcrtest-\(name).slice"))
    }
  }

  @Test(
    "what systemd would not take is refused, and nothing stays",
    arguments: [
      (#".linux.cgroupsPath = "/a/b""#, "expected slice:prefix:name"),
      (#".linux.cgroupsPath = "a.slice:p:../b""#, "is no name of a systemd unit"),
      (#".linux.cgroupsPath = "a--b.slice:p:x""#, "invalid slice name"),
      (#".annotations = {"org.systemd.property.TasksMax":"seven"}"#, "cannot read value \"seven\""),
      (#".annotations = {"org.systemd.property.NoSuchThing":"true"}"#, "NoSuchThing"),
    ])
  func refused(_ edit: String, _ words: String) throws {
    try withScope { bundle in
      try bundle.edit(edit)
      let outcome = try bundle.command("--systemd-cgroup", "run", "--bundle", bundle.directory, bundle.id)
      #expect(outcome.code == 1 && outcome.errors.contains(words), "\(outcome)")
      #expect(try bundle.must("list", "--quiet") == "")
    }
  }

  @Test("a unit that somebody else has is left alone") func taken() throws {
    try withScope { bundle in
      let other = try Host.spawn([
        "systemd-run", "--scope", "--slice=swcrtest.slice", "--unit=\(bundle.unit)", "sleep", "60",
      ])
      try Host.wait(for: "the other unit") { Host.exists(bundle.scope) }
      let outcome = try bundle.command("--systemd-cgroup", "run", "--bundle", bundle.directory, bundle.id)
      #expect(outcome.code == 1 && outcome.errors.contains("already"), "\(outcome)")
      #expect(try bundle.systemd("ActiveState") == "active")
      #expect(kill(other.pid, 0) == 0)
      kill(other.pid, SIGKILL)
      _ = try other.wait()
      try Host.wait(for: "the other unit's end") { !Host.exists(bundle.scope) }
    }
  }

  @Test("swiftcr is killed while it makes the container: what held the unit goes too") func killed() throws {
    try withScope(#".hooks.prestart = [{"path":"/bin/sh","args":["sh","-c","kill -KILL $PPID"]}]"#) { bundle in
      try bundle.script("true")
      let outcome = try bundle.command("--systemd-cgroup", "run", "--bundle", bundle.directory, bundle.id)
      #expect(outcome.code == 128 + SIGKILL, "\(outcome)")
      try Host.wait(for: "an empty unit is none") { !Host.exists(bundle.scope) }
    }
  }

  @Test("a user's own systemd keeps a rootless container, with its limits") func user() throws {
    try Host.must("systemctl", "start", "user@65534.service")
    defer { _ = try? Host.must("systemctl", "stop", "user@65534.service") }
    let directory = Host.temporaryDirectory("systemd-user")
    defer { Host.remove(directory) }
    let id = "it-\(directory.split(separator: ".").last ?? "")"
    func nobody(_ arguments: String...) throws -> Outcome {
      try Host.run(
        [
          "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-i", "PATH=/usr/bin:/bin",
          "XDG_RUNTIME_DIR=/run/user/65534", "XDG_DATA_HOME=\(directory)/data", Host.program,
        ] + arguments, directory: directory)
    }
    try Host.must("mkdir", "\(directory)/data")
    try Host.must("chown", "65534:65534", directory, "\(directory)/data")
    #expect(try nobody("spec", "--rootless").code == 0)
    let edited = try Host.must(
      "jq",
      """
      .process.terminal = false | .process.args = ["/bin/sh", "-c", "while :; do sleep 0.1; done"]
      | .annotations["io.swiftcr.layers"] = (["\(UserBundle.layers)/1"] | tojson)
      | .linux.resources = {"memory": {"limit": 67108864}, "pids": {"limit": 20}}
      """, "\(directory)/config.json")
    Host.write(edited, to: "\(directory)/config.json")
    // From a cgroup that is not the user's, as in a session: systemd has to move what is launched.
    let created = try nobody("--systemd-cgroup", "run", "--detach", id)
    #expect(created.code == 0, "\(created)")
    let limits = try nobody("exec", id, "cat", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max")
    #expect(limits.lines == ["67108864", "20"], "\(limits)")
    let manager = "/sys/fs/cgroup/user.slice/user-65534.slice/user@65534.service"
    #expect(Host.read("\(manager)/user.slice/swiftcr-\(id).scope/memory.max") == "67108864\n")
    let updated = try nobody("update", "--pids-limit", "15", id)
    #expect(updated.code == 0, "\(updated)")
    #expect(Host.read("\(manager)/user.slice/swiftcr-\(id).scope/pids.max") == "15\n")
    let deleted = try nobody("delete", "--force", id)
    #expect(deleted.code == 0, "\(deleted)")
    #expect(!Host.exists("\(manager)/user.slice/swiftcr-\(id).scope"))
  }

  @Test("without --systemd-cgroup such a name is refused") func withoutOption() throws {
    try withScope { bundle in
      let outcome = try bundle.run()
      #expect(outcome.code == 1 && outcome.errors.contains("use --systemd-cgroup"), "\(outcome)")
    }
  }
}
