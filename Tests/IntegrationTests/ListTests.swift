import Foundation
import Testing

extension Integration {
  /// `ps`, `list`, `kill --all`: what engines and people read.
  @Suite struct Lists {}
}

extension Integration.Lists {
  @Test("ps: pids as JSON, and the host's ps for people") func processes() throws {
    try withBundle { bundle in
      try bundle.start("sleep 1000 & sleep 1000 & wait")
      func pids() throws -> [Int] {
        try JSONDecoder().decode([Int].self, from: Data(bundle.must("ps", "--format", "json", bundle.id).utf8))
      }
      try Host.wait(for: "three processes") { try pids().count == 3 }
      #expect(try pids().contains(Int(bundle.pid)))
      let table = try bundle.must("ps", bundle.id).split(separator: "\n")
      #expect(table.count == 4 && table[0].hasPrefix("UID"), "\(table)")
      #expect(table.count { $0.hasSuffix(" sleep 1000") } == 2, "\(table)")
      let short = try bundle.must("ps", bundle.id, "-e", "-o", "pid,comm").split(separator: "\n")
      #expect(short.count == 4 && short.allSatisfy { $0.split(separator: " ").count == 2 }, "\(short)")
      let blind = try bundle.command("ps", bundle.id, "-e", "-o", "comm")
      #expect(blind.code == 1 && blind.errors.contains("couldn't find PID field in ps output"), "\(blind)")
      #expect(try bundle.command("ps", "--format", "xml", bundle.id).code == 1)
    }
  }

  @Test("kill --all reaches every process, and works on a container that has stopped") func killAll() throws {
    try withBundle { bundle in
      // A first process without a handler takes no TERM (pid_namespaces(7)); the others do.
      try bundle.start("sleep 1000 & sleep 1000 & while :; do sleep 0.1; done")
      func count() throws -> Int {
        try bundle.must("ps", bundle.id).split(separator: "\n").count { $0.hasSuffix(" sleep 1000") }
      }
      try Host.wait(for: "both children") { try count() == 2 }
      try bundle.must("kill", "--all", bundle.id, "TERM")
      try Host.wait(for: "the end of both") { try count() == 0 }
      #expect(try bundle.state(".status") == "running")
      try bundle.must("kill", "-a", bundle.id, "KILL")
      try bundle.waitUntilStopped()
      try bundle.must("kill", "--all", bundle.id, "KILL")
      #expect(try bundle.must("ps", "--format", "json", bundle.id) == "null\n")
      #expect(try bundle.must("ps", bundle.id).hasPrefix("UID"))
    }
  }

  @Test("list: runc's fields and columns") func list() throws {
    try withBundle { bundle in
      #expect(try bundle.must("list", "--format", "json") == "null\n")
      #expect(try bundle.must("list") == "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n")
      try bundle.start()
      let json = try bundle.must("list", "--format", "json")
      let keys = try Host.must("jq", "-c", ".[] | del(.annotations) | keys_unsorted", input: json)
      #expect(
        keys == #"["ociVersion","id","pid","status","bundle","rootfs","created","owner"]"# + "\n", "\(keys)")
      let row = try Host.must("jq", "-r", ".[] | .id, .pid, .status, .bundle, .created, .owner", input: json)
      let table = try bundle.must("list").split(separator: "\n")
      #expect(table.count == 2)
      #expect(table[1].split(separator: " ") == row.split(separator: "\n"), "\(table)")
      // The columns stand below their headings.
      func column(_ text: some StringProtocol, in line: Substring) -> Int? {
        line.range(of: text).map { line.distance(from: line.startIndex, to: $0.lowerBound) }
      }
      for (title, value) in zip(["ID", "PID", "STATUS"], row.split(separator: "\n")) {
        #expect(column(title, in: table[0]) == column(value, in: table[1]), "\(title)")
      }
      #expect(try bundle.must("list", "-q", "--format", "json") == bundle.id + "\n")
      #expect(try bundle.command("list", "--format", "xml").code == 1)
    }
  }
}
