import Foundation
import Testing

extension Integration {
  /// `events`: figures at intervals, lack of memory, and its end.
  @Suite struct Events {}
}

extension Integration.Events {
  /// One value of a line of `events`, by jq path.
  private func value(_ path: String, of line: String) throws -> String {
    try Host.must("jq", "-c", path, input: line).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test("--stats prints one line with what the container uses") func once() throws {
    try withBundle(.flat, #".linux.resources += {"memory":{"limit":67108864},"pids":{"limit":77}}"#) { bundle in
      try bundle.start("while :; do :; done")
      func statistics() throws -> String { try bundle.must("events", "--stats", bundle.id) }
      let line = try statistics()
      #expect(line.split(separator: "\n").count == 1)
      #expect(try value("[.type, .id]", of: line) == "[\"stats\",\"\(bundle.id)\"]")
      #expect(try value(".data.pids", of: line) == #"{"current":1,"limit":77}"#)
      #expect(try value(".data.memory.usage.limit", of: line) == "67108864")
      #expect(try value(".data.memory.usage.max > 0 and (.data.memory.raw | length > 0)", of: line) == "true")
      // It computes all the time.
      let before = try value(".data.cpu.usage.total", of: line)
      try Host.wait(for: "more time on a CPU") {
        try (Int64(value(".data.cpu.usage.total", of: statistics())) ?? 0) > (Int64(before) ?? .max)
      }
    }
  }

  @Test("the same keys in the same order as runc", .disabled(if: Host.isControl)) func keys() throws {
    guard Host.exists("/usr/sbin/runc") else { return }
    try withBundle { bundle in
      try bundle.start()
      let ours = try bundle.must("events", "--stats", bundle.id)
      try withBundle { other in
        let runc = ["/usr/sbin/runc", "--root", "\(other.directory)/runc"]
        try other.script("while :; do sleep 0.1; done")
        try other.edit("del(.annotations)")
        defer { _ = try? Host.run(runc + ["delete", "--force", other.id]) }
        let made = try Host.run(runc + ["run", "--detach", "--bundle", other.directory, other.id])
        #expect(made.code == 0, "\(made)")
        let theirs = try Host.run(runc + ["events", "--stats", other.id])
        // What may be left out because it is zero, at that moment, says nothing; Debian 12's runc does not read what
        // cgroup v2 has of pressure, nor memory.peak.
        let omitted = #"^data.(memory.cache|blkio|cpu.usage.per|[a-z]*.psi|memory.usage.max)"#
        let program = "[paths | map(tostring) | join(\".\")] | map(select(test(\"\(omitted)\") | not))"
        #expect(try value(program, of: ours) == value(program, of: theirs.output), "\(ours)\(theirs)")
      }
    }
  }

  @Test("figures at intervals, until the container ends", .disabled(if: Host.isControl, "runc waits for delete"))
  func intervals() throws {
    try withBundle { bundle in
      try bundle.start()
      let events = try bundle.spawn("events", "--interval", "10ms", bundle.id)
      try Host.wait(for: "three lines") { events.output.split(separator: "\n").count >= 3 }
      try bundle.must("kill", bundle.id, "KILL")
      let outcome = try events.wait()
      #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome)")
      for line in outcome.lines { #expect(try value(".type", of: line) == "\"stats\"") }
    }
  }

  @Test("lack of memory is told, also when it ends the container", .disabled(if: Host.isControl)) func memory() throws {
    try withBundle(.flat, #".linux.resources.memory = {"limit":8388608,"swap":8388608}"#) { bundle in
      try bundle.start("while [ ! -e /tmp/go ]; do sleep 0.01; done; x=a; while :; do x=$x$x; done")
      let events = try bundle.spawn("events", "--interval", "10ms", bundle.id)
      // From its first line on it listens.
      try Host.wait(for: "a line") { !events.output.isEmpty }
      #expect(try bundle.exec("touch", "/tmp/go").code == 0)
      try bundle.waitUntilStopped()
      let outcome = try events.wait()
      #expect(outcome.code == 0, "\(outcome)")
      #expect(outcome.lines.contains("{\"type\":\"oom\",\"id\":\"\(bundle.id)\"}"), "\(outcome)")
    }
  }

  @Test("an end without lack of memory, and the removal of the cgroup, are no lack of memory") func removal() throws {
    try withBundle { bundle in
      try bundle.start()
      let events = try bundle.spawn("events", "--interval", "10ms", bundle.id)
      try Host.wait(for: "a line") { !events.output.isEmpty }
      try bundle.must("delete", "--force", bundle.id)
      let outcome = try events.wait()
      #expect(outcome.code == 0 && !outcome.output.contains("oom"), "\(outcome)")
    }
  }

  @Test("errors") func errors() throws {
    try withBundle { bundle in
      try bundle.start()
      for interval in ["0", "-1s", "soon"] {
        let outcome = try bundle.command("events", "--interval", interval, bundle.id)
        #expect(outcome.code == 1 && outcome.output.split(separator: "\n").count != 1, "\(outcome)")
      }
      try bundle.must("kill", bundle.id, "KILL")
      try bundle.waitUntilStopped()
      let late = try bundle.command("events", "--stats", bundle.id)
      #expect(late.code == 1 && late.errors.contains("container with id \(bundle.id) is not running"), "\(late)")
    }
  }
}
