import Foundation
import Testing

extension Integration {
  /// Limits that change while the container runs, read back from the kernel.
  @Suite struct Update {}
}

extension Integration.Update {
  @Test("memory and swap go up and down in whatever order the kernel needs") func memory() throws {
    try withBundle { bundle in
      try bundle.start()
      // Each step is refused if its two files are written in the wrong order.
      for (limit, swap) in [(64, 128), (256, 512), (32, 32), (512, 512), (40, 512), (40, 41)] {
        try bundle.must("update", "--memory", "\(limit)M", "--memory-swap", "\(swap)M", bundle.id)
        #expect(try bundle.limit("memory", "memory.limit_in_bytes", "memory.max") == "\(limit << 20)")
        if Host.exists(try bundle.cgroup("memory") + "/memory.memsw.limit_in_bytes") {
          #expect(try bundle.limit("memory", "memory.memsw.limit_in_bytes", "") == "\(swap << 20)")
        }
      }
      try bundle.must("update", "--memory", "-1", bundle.id)
      let unlimited = try bundle.limit("memory", "memory.limit_in_bytes", "memory.max")
      #expect(unlimited == "max" || (Int64(unlimited) ?? 0) > 1 << 60, "\(unlimited)")
    }
  }

  @Test("what is not given stays as it is") func merged() throws {
    try withBundle(
      .flat,
      #".linux.resources += {"memory":{"limit":67108864},"cpu":{"quota":50000,"period":100000},"pids":{"limit":50}}"#
    ) { bundle in
      try bundle.start()
      try bundle.must("update", "--cpu-period", "200000", bundle.id)
      #expect(try bundle.cpuMax() == "50000 200000")
      try bundle.must("update", "--cpu-quota", "70000", bundle.id)
      #expect(try bundle.cpuMax() == "70000 200000")
      try bundle.must("update", "--pids-limit", "60", bundle.id)
      #expect(try bundle.limit("pids", "pids.max", "pids.max") == "60")
      #expect(try bundle.limit("memory", "memory.limit_in_bytes", "memory.max") == "67108864")
      try bundle.must("update", "--pids-limit", "-1", bundle.id)
      #expect(try bundle.limit("pids", "pids.max", "pids.max") == "max")
      #expect(try bundle.cpuMax() == "70000 200000")
    }
  }

  @Test("CPU weight, CPUs and memory nodes") func cpu() throws {
    try withBundle { bundle in
      try bundle.start()
      try bundle.must("update", "--cpu-share", "2", "--cpuset-cpus", "0", "--cpuset-mems", "0", bundle.id)
      let weight = try bundle.limit("cpu", "cpu.shares", "cpu.weight")
      #expect(weight == "2" || weight == "1")
      #expect(try bundle.limit("cpuset", "cpuset.cpus", "cpuset.cpus") == "0")
    }
  }

  @Test("resources from standard input and from a file", arguments: ["-", "=-", "FILE"])
  func document(_ source: String) throws {
    try withBundle { bundle in
      try bundle.start()
      let text = #"{"memory":{"limit":50331648},"pids":{"limit":33},"devices":[{"allow":false,"access":"rwm"}]}"#
      let file = "\(bundle.directory)/resources.json"
      Host.write(text, to: file)
      // The options beside it are ignored, as in runc.
      let outcome =
        switch source {
        case "-": try bundle.command("update", "--pids-limit", "44", "--resources", "-", bundle.id, input: text)
        case "=-": try bundle.command("update", "--resources=-", bundle.id, input: text)
        default: try bundle.command("update", "-r", file, bundle.id)
        }
      #expect(outcome.code == 0 && outcome.output.isEmpty && outcome.errors.isEmpty, "\(outcome)")
      #expect(try bundle.limit("memory", "memory.limit_in_bytes", "memory.max") == "50331648")
      #expect(try bundle.limit("pids", "pids.max", "pids.max") == "33")
      // The device rules stay: /dev/null can still be opened.
      #expect(try bundle.exec("sh", "-c", "echo > /dev/null").code == 0)
    }
  }

  @Test("the new limit holds: no further process") func holds() throws {
    try withBundle { bundle in
      try bundle.start("while :; do :; done")
      let plain = try bundle.exec("sh", "-c", "sleep 0 & wait; echo forked")
      #expect(plain.output == "forked\n", "\(plain)")
      try bundle.must("update", "--pids-limit", "2", bundle.id)
      let limited = try bundle.exec("sh", "-c", "sleep 0 & wait; echo forked")
      #expect(limited.code != 0 && limited.output.isEmpty, "\(limited)")
    }
  }

  @Test("a paused and a created container can be updated, one that has stopped cannot") func states() throws {
    try withBundle { bundle in
      try bundle.script("while :; do sleep 0.1; done")
      try bundle.must("create", "--bundle", bundle.directory, bundle.id)
      try bundle.must("update", "--pids-limit", "20", bundle.id)
      try bundle.must("start", bundle.id)
      try bundle.must("pause", bundle.id)
      try bundle.must("update", "--pids-limit", "21", bundle.id)
      #expect(try bundle.limit("pids", "pids.max", "pids.max") == "21")
      try bundle.must("resume", bundle.id)
      try bundle.must("kill", bundle.id, "KILL")
      try bundle.waitUntilStopped()
      let late = try bundle.command("update", "--pids-limit", "22", bundle.id)
      #expect(late.code == 1 && late.errors.contains("container not running"), "\(late)")
    }
  }

  @Test("errors", .disabled(if: Host.isControl)) func errors() throws {
    try withBundle { bundle in
      try bundle.start()
      for (arguments, says) in [
        (["--memory", "4096"], "linux.resources.memory.limit: unable to set memory limit to 4096 (current usage: "),
        (["--memory", "lots"], "--memory: expected a size such as 64M"),
        (["--cpuset-cpus", "4000"], "linux.resources.cpu.cpus: "),
        (["--cpuset-cpus", "x"], "linux.resources.cpu.cpus: \"x\" is not a list such as 0-2,7"),
        (["--cpu-share", "1"], "linux.resources.cpu.shares: the minimum allowed cpu-shares is 2"),
        (["--l3-cache-schema", "L3:0=f"], "--l3-cache-schema: Intel RDT/CAT: l3 cache schema is not enabled"),
        (["--resources", "/no/file"], "open /no/file: no such file or directory"),
      ] {
        // cgroup v2 takes a limit below the usage, and reclaims or kills; and its least weight stands for a share too.
        if arguments == ["--memory", "4096"] || arguments == ["--cpu-share", "1"], Host.isUnified { continue }
        let outcome = try Host.run(
          [Host.program, "--root", bundle.state, "update"] + arguments + [bundle.id], directory: bundle.directory)
        #expect(outcome.code == 1 && outcome.errors.contains(says), "\(arguments): \(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
      }
      let json = try bundle.command("update", "-r", "-", bundle.id, input: #"{"memory":{"limit":"x"}}"#)
      #expect(json.code == 1 && json.errors.contains("memory.limit: expected an integer, found \"x\""), "\(json)")
    }
  }

  @Test("reclaim drops what can be read again", .disabled(if: Host.isControl)) func reclaim() throws {
    try withBundle { bundle in
      try bundle.start(
        "dd if=/dev/zero of=/big bs=1M count=8 2>/dev/null; sync; : > /done; while :; do sleep 0.1; done")
      try Host.wait(for: "the file") { Host.exists("\(bundle.rootfs)/done") }
      func cache() throws -> Int {
        let names = try bundle.isUnified("memory") ? "file " : "cache "
        let text = Host.read(try bundle.cgroup("memory") + "/memory.stat")
        return text.split(separator: "\n").first { $0.hasPrefix(names) }
          .flatMap { Int($0.dropFirst(names.utf8.count)) } ?? 0
      }
      try Host.wait(for: "its cache") { try cache() >= 8 << 20 }
      try bundle.must("reclaim", bundle.id, "6M")
      try Host.wait(for: "less cache") { try cache() < 4 << 20 }
      for size in ["0", "lots", ""] {
        let outcome = try bundle.command("reclaim", bundle.id, size)
        #expect(outcome.code == 1 && outcome.errors.contains("expected a size such as 64M"), "\(outcome)")
      }
      try bundle.must("kill", bundle.id, "KILL")
      try bundle.waitUntilStopped()
      let late = try bundle.command("reclaim", bundle.id, "1M")
      #expect(late.code == 1 && late.errors.contains("container not running"), "\(late)")
    }
  }
}

extension Bundle {
  /// The directory of the container's cgroup that has a controller.
  func cgroup(_ controller: String) throws -> String {
    let memberships = Host.read("/proc/\(try pid)/cgroup").split(separator: "\n").map {
      $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    }
    for line in memberships where line.count == 3 && line[1].split(separator: ",").contains(Substring(controller)) {
      return "/sys/fs/cgroup/\(line[1])\(line[2])"
    }
    let path = memberships.first { $0.count == 3 && $0[1].isEmpty }?[2] ?? ""
    return "/sys/fs/cgroup\(path)"
  }

  func isUnified(_ controller: String) throws -> Bool {
    Host.exists(try cgroup(controller) + "/cgroup.controllers")
  }

  /// What the kernel says of a limit, in whichever of the two versions has it.
  func limit(_ controller: String, _ v1: String, _ v2: String) throws -> String {
    let directory = try cgroup(controller)
    let file = Host.exists("\(directory)/\(v1)") ? v1 : v2
    return Host.read("\(directory)/\(file)").trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// `quota period`, in microseconds.
  func cpuMax() throws -> String {
    let directory = try cgroup("cpu")
    if Host.exists("\(directory)/cpu.max") { return try limit("cpu", "cpu.max", "") }
    return try limit("cpu", "cpu.cfs_quota_us", "") + " " + limit("cpu", "cpu.cfs_period_us", "")
  }
}
