import Foundation
import Glibc
import Testing

extension Integration {
  /// Limits of config.json, as the kernel has them and as the container feels them.
  @Suite struct Cgroup {}
}

extension Integration.Cgroup {
  @Test("limits arrive in the kernel's files") func files() throws {
    try withBundle(
      .flat,
      #".linux.resources += {"memory":{"limit":67108864},"pids":{"limit":50}}"#,
      #".linux.resources.cpu = {"shares":512,"quota":50000,"period":100000,"cpus":"0","mems":"0"}"#
    ) { bundle in
      try bundle.start()
      #expect(try bundle.limit("memory", "memory.limit_in_bytes", "memory.max") == "67108864")
      #expect(try bundle.limit("pids", "pids.max", "pids.max") == "50")
      #expect(try bundle.cpuMax() == "50000 100000")
      #expect(try bundle.limit("cpuset", "cpuset.cpus", "cpuset.cpus") == "0")
      #expect(try bundle.limit("cpuset", "cpuset.mems", "cpuset.mems") == "0")
      let weight = try bundle.limit("cpu", "cpu.shares", "cpu.weight")
      // A weight of v2 depends on which of the two published conversions is used.
      if try bundle.isUnified("cpu") {
        #expect(["20", "59"].contains(weight), "\(weight)")
      } else {
        #expect(weight == "512")
      }
    }
  }

  @Test("lack of memory ends the container with 137") func memory() throws {
    try withBundle(.flat, #".linux.resources.memory = {"limit":8388608,"swap":8388608}"#) { bundle in
      let outcome = try bundle.sh("x=a; while :; do x=$x$x; done")
      #expect(outcome.code == 137, "\(outcome)")
    }
  }

  @Test("fork fails at the limit of processes") func pids() throws {
    try withBundle(.flat, #".linux.resources.pids = {"limit":8}"#) { bundle in
      let outcome = try bundle.sh("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 100 & done; echo all")
      #expect(outcome.code != 0 && !outcome.output.contains("all"), "\(outcome)")
      #expect(outcome.errors.contains("fork"), "\(outcome)")
    }
  }

  @Test("a paused container does nothing") func pause() throws {
    try withBundle { bundle in
      try bundle.start("while :; do echo x >> /tmp/count; done")
      let count = "/proc/\(try bundle.pid)/root/tmp/count"
      func size() -> Int { Host.read(count).utf8.count }
      try Host.wait(for: "a count") { size() > 0 }
      try bundle.must("pause", bundle.id)
      let frozen = size()
      // Time for thousands of rounds if it were not frozen: other commands of the runtime, on a busy machine.
      for _ in 0..<5 { #expect(try bundle.state(".status") == "paused") }
      #expect(size() == frozen)
      try bundle.must("resume", bundle.id)
      try Host.wait(for: "more") { size() > frozen }
    }
  }

  @Test("ps and kill --all reach every process") func all() throws {
    try withBundle { bundle in
      try bundle.start("sleep 1000 & sleep 1001 & wait")
      try Host.wait(for: "three processes") {
        try Host.must("jq", "length", input: bundle.must("ps", "--format", "json", bundle.id)) == "3\n"
      }
      try bundle.must("kill", "--all", bundle.id, "KILL")
      try bundle.waitUntilStopped()
    }
  }

  @Test("cgroupsPath", arguments: ["/", ""]) func path(_ prefix: String) throws {
    // The runtime leaves the parents of the path that it made, which others may use by then.
    defer {
      _ = try? Host.run([
        "sh", "-c", "find /sys/fs/cgroup -depth -type d -path '*/it-outer-\(getpid())' -exec rmdir {} +",
      ])
    }
    try withBundle { bundle in
      let outer = "\(prefix)it-outer-\(getpid())"
      try bundle.edit(".linux.cgroupsPath = \"\(outer)/inner\"")
      try bundle.start()
      let directory = try bundle.cgroup("memory")
      #expect(directory.hasSuffix("it-outer-\(getpid())/inner"), "\(directory)")
    }
  }

  @Test("a cgroup in which somebody else's process is: refused, and the process goes on") func taken() throws {
    try withBundle { bundle in
      try bundle.edit(".linux.cgroupsPath = \"/other-\(bundle.id)\"")
      let cgroup = "/sys/fs/cgroup\(Host.isUnified ? "" : "/pids")/other-\(bundle.id)"
      try Host.must("mkdir", cgroup)
      defer { rmdir(cgroup) }
      let other = try Host.spawn(["sleep", "60"])
      try Host.must("sh", "-c", "echo \(other.pid) > \(cgroup)/cgroup.procs")
      let outcome = try bundle.run()
      #expect(outcome.code == 1 && outcome.errors.contains("cgroup is not empty"), "\(outcome)")
      #expect(Host.read("\(cgroup)/cgroup.procs") == "\(other.pid)\n")
      kill(other.pid, SIGTERM)
      #expect(try other.wait().code == 128 + SIGTERM)
      try Host.wait(for: "an empty cgroup") { Host.read("\(cgroup)/cgroup.procs") == "" }
      // An empty one may be used, and goes with the container, as with runc.
      #expect(try bundle.run().code == 0)
    }
  }

  @Test("exec --cgroup is in a group that the container has") func execSubgroup() throws {
    try withBundle { bundle in
      try bundle.start()
      let groups = try Host.must("find", "/sys/fs/cgroup", "-type", "d", "-name", bundle.id).split(separator: "\n")
      for group in groups {
        try Host.must("mkdir", "\(group)/sub")
        // v1 takes no process into a cpuset without processors and memory.
        guard Host.exists("\(group)/cpuset.sched_load_balance") else { continue }
        for file in ["cpuset.cpus", "cpuset.mems"] { try Host.must("cp", "\(group)/\(file)", "\(group)/sub/\(file)") }
      }
      #expect(!groups.isEmpty)
      let outcome = try bundle.command("exec", "--cgroup", "sub", bundle.id, "cat", "/proc/self/cgroup")
      #expect(outcome.code == 0 && outcome.lines.contains { $0.hasSuffix("/sub") }, "\(outcome)")
    }
  }

  @Test("exec --cgroup stays below the container's") func subgroup() throws {
    try withBundle { bundle in
      try bundle.start()
      for path in ["../", "..", "/../../x", "../\(bundle.id)-sibling", "a/../../b"] {
        let outcome = try bundle.command("exec", "--cgroup", path, bundle.id, "true")
        #expect(outcome.code != 0 && outcome.errors.contains("cgroup"), "\(path): \(outcome)")
      }
      // One that the container could have, and has not.
      #expect(try bundle.command("exec", "--cgroup", "missing", bundle.id, "true").code != 0)
    }
  }
}

extension Integration.Cgroup {
  // CAP_SYSLOG: the log of the kernel has a check of its own, which must not be what refuses.
  @Test("devices: what is not allowed cannot be used, and the last rule counts") func devices() throws {
    let deny = #"{"allow":false,"access":"rwm"}"#
    let one = #"{"allow":true,"type":"c","major":1,"minor":11,"access":"rwm"}"#
    let major = #"{"allow":true,"type":"c","major":1,"access":"rwm"}"#
    let never = #"{"allow":false,"type":"c","major":1,"minor":11,"access":"rwm"}"#
    for (rules, allowed) in [
      ([deny], false), ([deny, one], true), ([deny, major], true),
      ([deny, never, one], true), ([one, deny], false),
    ] {
      try withBundle(
        .flat, ".linux.resources.devices = [\(rules.joined(separator: ","))]",
        #".process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYSLOG"])"#
      ) { bundle in
        let outcome = try bundle.sh("mknod /tmp/null c 1 3 && echo null; mknod /kmsg c 1 11 && : < /kmsg && echo kmsg")
        #expect(outcome.lines.contains("kmsg") == allowed, "\(rules): \(outcome)")
        #expect(outcome.lines.contains("null"), "\(rules): \(outcome)")
      }
    }
  }

  /// v1's kernel keeps a list, in which a wildcard has no exceptions; silence would leave the device allowed.
  @Test("devices: an exception from a wildcard is refused") func hole() throws {
    try withBundle(
      .flat,
      """
      .linux.resources.devices = [{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"access":"rwm"},
        {"allow":false,"type":"c","major":1,"minor":11,"access":"rwm"}]
      """
    ) { bundle in
      let outcome = try bundle.sh("echo in")
      #expect(outcome.code != 0 && outcome.output.isEmpty && outcome.errors.contains("wildcard"), "\(outcome)")
    }
  }
}
