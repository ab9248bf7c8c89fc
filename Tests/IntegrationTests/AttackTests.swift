import Foundation
import Glibc
import Testing

extension Integration {
  /// What hostile images and processes did to other runtimes.
  @Suite struct Attack {}
}

extension Integration.Attack {
  /// CVE-2019-5736: the interpreter is whatever the runtime's process is at the moment of the execve.
  @Test("an entrypoint of /proc/self/exe does not reach the host's binary") func ownBinary() throws {
    try withBundle { bundle in
      let before = try Host.must("sha256sum", Host.program)
      Host.write("#!/proc/self/exe\n", to: "\(bundle.rootfs)/evil")
      try Host.must("chmod", "755", "\(bundle.rootfs)/evil")
      try bundle.arguments(["/evil"])
      _ = try bundle.run()
      try bundle.start(
        "while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || echo x 2>/dev/null >> $p/exe; done; done 2>/dev/null"
      )
      for _ in 0..<10 {
        _ = try bundle.exec("/evil")
        _ = try bundle.exec("/proc/self/exe")
      }
      #expect(try Host.must("sha256sum", Host.program) == before)
    }
  }

  /// CVE-2024-21626: a directory of the host that stayed open is a way out.
  @Test("a working directory through a descriptor is refused, by run and exec") func workingDirectory() throws {
    try withBundle { bundle in
      let host = open("/", O_RDONLY | O_DIRECTORY)
      defer { close(host) }
      for number in 3..<24 {
        try bundle.edit(".process.cwd = \"/proc/self/fd/\(number)\"")
        try bundle.arguments(["/bin/ls", "."])
        let outcome = try bundle.run(descriptors: [9: host])
        #expect(outcome.code != 0 && outcome.output.isEmpty, "\(number): \(outcome)")
      }
      try bundle.edit(".process.cwd = \"/\"")
      try bundle.start()
      for number in 3..<24 {
        let outcome = try bundle.command(
          "exec", "--cwd", "/proc/self/fd/\(number)", bundle.id, "ls", ".", descriptors: [9: host])
        #expect(outcome.code != 0 && outcome.output.isEmpty, "\(number): \(outcome)")
      }
    }
  }

  @Test("descriptors of the caller do not get in, by run and exec") func descriptors() throws {
    try withBundle { bundle in
      let host = open("/", O_RDONLY | O_DIRECTORY)
      defer { close(host) }
      // The shell's own list: a program that lists the directory would have one more open.
      let list = "for i in /proc/$$/fd/*; do echo ${i##*/}; done"
      try bundle.script(list)
      let run = try bundle.run(descriptors: [3: host, 9: host, 77: host])
      try bundle.start()
      let exec = try bundle.command("exec", bundle.id, "sh", "-c", list, descriptors: [3: host, 9: host, 77: host])
      for outcome in [run, exec] {
        // The glob's directory is open while it is read.
        #expect(Set(outcome.lines).subtracting(["3"]) == ["0", "1", "2"], "\(outcome)")
      }
    }
  }

  /// CVE-2022-29162.
  @Test("no inheritable capabilities, by run and exec") func inheritable() throws {
    try withBundle { bundle in
      let show = "grep -E '^Cap(Inh|Amb)' /proc/self/status | cut -f2 | sort -u"
      let run = try bundle.sh(show)
      try bundle.start()
      let exec = try bundle.exec("sh", "-c", show)
      let privileged = try bundle.command(
        "exec", "--cap", "CAP_NET_RAW", bundle.id, "sh", "-c", "grep CapInh /proc/self/status")
      #expect(run.lines == ["0000000000000000"], "\(run)")
      #expect(exec.lines == ["0000000000000000"], "\(exec)")
      #expect(privileged.output == "CapInh:\t0000000000000000\n", "\(privileged)")
    }
  }

  /// CVE-2026-30892: a number that is not one became 0.
  @Test("a user is a number or refused", arguments: ["", ":", "1:", ":1", "-1", "4294967296", "1x", "1:1:1", " 1"])
  func user(_ text: String) throws {
    try withBundle { bundle in
      try bundle.start()
      let outcome = try bundle.command("exec", "--user=\(text)", bundle.id, "id", "-u")
      #expect(outcome.code != 0 && outcome.output.isEmpty, "\(text): \(outcome)")
    }
  }

  /// Files that the runtime itself makes or opens, as links to a tree of the host.
  @Test("links in an image do not lead out", arguments: ["dev/console", "dev/null", "dev/pts", "dev/shm", "proc/sys"])
  func links(_ path: String) throws {
    let outside = Host.temporaryDirectory("outside")
    defer { Host.remove(outside) }
    Host.write("as it was", to: "\(outside)/file")
    let tree = { try Host.must("find", outside, "-printf", "%p %y %m %u %s %T@\n") }
    let before = try tree()
    for target in [outside, "\(outside)/file", "../../../../../..\(outside)/new", "/\(path)"] {
      try withBundle { bundle in
        // Without its own mount the image's directory is what is there.
        try bundle.edit(".mounts |= map(select(.destination != \"/\(path.split(separator: "/")[0])\"))")
        let place = "\(bundle.rootfs)/\(path)"
        try Host.must("mkdir", "-p", URL(fileURLWithPath: place).deletingLastPathComponent().path)
        try Host.must("rm", "-rf", place)
        try Host.must("ln", "-s", target, place)
        _ = try bundle.sh("true")
        #expect(try tree() == before, "\(path) -> \(target)")
      }
    }
  }
}
