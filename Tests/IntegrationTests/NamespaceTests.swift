import Testing

extension Integration {
  /// Namespaces that are joined by path, as pods do, and clocks of their own.
  @Suite struct Namespaces {}
}

extension Integration.Namespaces {
  /// `kind` in config.json is `name` in /proc/PID/ns.
  static let kinds: [(kind: String, name: String)] = [
    ("network", "net"), ("ipc", "ipc"), ("uts", "uts"), ("pid", "pid"), ("cgroup", "cgroup"),
  ]
  /// Those that a bundle has no new one of unless it says so.
  static let others: [(kind: String, name: String)] = [("user", "user"), ("time", "time")]

  private func join(_ kind: String, _ path: String) -> String {
    #".linux.namespaces |= map(select(.type != "\#(kind)")) + [{"type": "\#(kind)", "path": "\#(path)"}]"#
  }

  @Test("one of another container", arguments: kinds) func joined(_ kind: String, _ name: String) throws {
    try withBundle { first in
      try first.start()
      let path = "/proc/\(try first.pid)/ns/\(name)"
      let wanted = try Host.must("readlink", path)
      try withBundle { second in
        try second.edit("del(.hostname) | " + join(kind, path))
        // In a joined pid namespace /proc shows the first container's processes as well.
        let outcome = try second.sh("readlink /proc/self/ns/\(name)")
        #expect(outcome.output == wanted, "\(outcome)")
        try second.start()
        #expect(try second.exec("readlink", "/proc/self/ns/\(name)").output == wanted)
      }
      #expect(try first.state(".status") == "running", "the second's end is not the first's")
    }
  }

  @Test("all of a pod at once") func pod() throws {
    try withBundle { first in
      try first.start()
      let pid = try first.pid
      try withBundle { second in
        for (kind, name) in Self.kinds where kind != "cgroup" {
          try second.edit("del(.hostname) | " + join(kind, "/proc/\(pid)/ns/\(name)"))
        }
        let outcome = try second.sh("ls -d /proc/1; hostname")
        #expect(outcome.lines == ["/proc/1", try first.exec("hostname").lines.first], "\(outcome)")
      }
    }
  }

  @Test("a user namespace with its network", .disabled(if: Host.isControl)) func user() throws {
    try withBundle(options: ["--userns"]) { first in
      try first.start()
      let pid = try first.pid
      try withBundle(options: ["--userns"]) { second in
        try second.edit(join("user", "/proc/\(pid)/ns/user") + " | del(.linux.uidMappings, .linux.gidMappings)")
        try second.edit(join("network", "/proc/\(pid)/ns/net"))
        let outcome = try second.sh(
          "for n in user net; do readlink /proc/self/ns/$n; done; id -u; cat /proc/self/uid_map; touch /made")
        let wanted = try Host.must("readlink", "/proc/\(pid)/ns/user", "/proc/\(pid)/ns/net")
        #expect(outcome.output.hasPrefix(wanted + "0\n") && outcome.output.contains("100000"), "\(outcome)")
      }
    }
  }

  @Test("without a mount namespace there is no container", .disabled(if: Host.isControl)) func mount() throws {
    try withBundle(.flat, #".linux.namespaces |= map(select(.type != "mount"))"#) { bundle in
      try bundle.edit("del(.linux.maskedPaths, .linux.readonlyPaths)")
      let outcome = try bundle.run()
      #expect(outcome.code == 1 && outcome.errors.contains("mount namespace"), "\(outcome)")
    }
  }

  @Test("a time namespace", .disabled(if: Host.isControl)) func joinedTime() throws {
    try withBundle { first in
      try first.edit(
        #".linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 1000000000}}"#)
      try first.start()
      let path = "/proc/\(try first.pid)/ns/time"
      try withBundle { second in
        try second.edit(join("time", path))
        let outcome = try second.sh("readlink /proc/self/ns/time; cut -d. -f1 /proc/uptime")
        #expect(outcome.lines.first == (try Host.must("readlink", path)).dropLast().description, "\(outcome)")
        #expect((outcome.lines.last.flatMap { Int($0) } ?? 0) > 1_000_000_000, "\(outcome)")
      }
    }
  }

  @Test("a path that is none, of another kind, or not there", .disabled(if: Host.isControl)) func wrong() throws {
    try withBundle { bundle in
      for (path, reason) in [
        ("/etc/passwd", "is not a network namespace"), ("/proc/self/ns/uts", "is not a network namespace"),
        ("/not/there", "no such file or directory"), ("/proc", "is not a network namespace"),
      ] {
        try bundle.edit(join("network", path))
        let outcome = try bundle.run()
        #expect(outcome.code == 1 && outcome.errors.contains(reason) && outcome.errors.contains(path), "\(outcome)")
      }
    }
  }

  @Test("a time namespace with offsets", .disabled(if: Host.isControl, "runc 1.2 has it")) func time() throws {
    try withBundle { bundle in
      try bundle.edit(
        #".linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 1000000000}, "monotonic": {"secs": 5, "nanosecs": 7}}"#
      )
      let outcome = try bundle.sh("cut -d. -f1 /proc/uptime; tail -n +1 /proc/self/timens_offsets")
      #expect((outcome.lines.first.flatMap { Int($0) } ?? 0) > 1_000_000_000, "\(outcome)")
      #expect(outcome.lines.count == 3 && outcome.output.contains("1000000000"), "\(outcome)")
      try bundle.start()
      let exec = try bundle.exec("cut", "-d.", "-f1", "/proc/uptime")
      #expect((exec.lines.first.flatMap { Int($0) } ?? 0) > 1_000_000_000, "\(exec)")
    }
  }

  @Test("without one of its own it is the host's", arguments: kinds + others)
  func host(_ kind: String, _ name: String) throws {
    try withBundle { bundle in
      try bundle.edit(#"del(.hostname) | .linux.namespaces |= map(select(.type != "\#(kind)"))"#)
      let outcome = try bundle.sh("readlink /proc/self/ns/\(name)")
      #expect(outcome.output == (try Host.must("readlink", "/proc/self/ns/\(name)")), "\(outcome)")
    }
  }
}
