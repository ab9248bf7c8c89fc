import CLinux
import Foundation
import Glibc
import Testing

extension Integration {
  /// What hostile processes did to other runtimes. Hostile images and volumes: `Integration.ImageAttack`.
  @Suite struct Attack {}
}

extension Integration.Attack {
  /// CVE-2019-5736: the interpreter is whatever the runtime's process is at the moment of the execve, and who has opened
  /// that file for reading can reopen it for writing once nobody executes it.
  @Test("an entrypoint of /proc/self/exe does not reach the host's binary") func ownBinary() throws {
    try withBundle { bundle in
      let before = try Host.must("sha256sum", Host.program)
      try Host.must("sh", "-c", "printf '#!/proc/self/exe\\n' > $0/evil && chmod 755 $0/evil", bundle.rootfs)
      try bundle.arguments(["/evil"])
      #expect(try bundle.run().code != 0)
      // Holds on to what it can open of everybody who comes by; writes when they have gone. Says which files it got.
      try bundle.start(
        """
        while ! test -e /over; do for p in /proc/[0-9]*; do
          test $p = /proc/1 || { exec 8< $p/exe && readlink /proc/self/fd/8 >> /got && exec 9> /proc/self/fd/8; }
        done; done 2> /dev/null
        while :; do sleep 0.1; done
        """)
      for program in ["/evil", "/proc/self/exe", "/bin/true"] {
        for _ in 0..<8 { _ = try bundle.exec(program) }
      }
      _ = try bundle.exec("touch", "/over")
      let got = Set(Host.read("\(bundle.rootfs)/got").split(separator: "\n").map(String.init))
      #expect(got.allSatisfy { $0.hasPrefix("/bin/") }, "only programs of the container can be opened: \(got)")
      #expect(try Host.must("sha256sum", Host.program) == before)
    }
  }

  /// Connects until the next one would have to wait.
  private func fill(_ path: String) -> [Int32] {
    var sockets: [Int32] = []
    while sockets.count < 16 {
      let socket = clinux_stream_socket(1)
      guard clinux_connect(socket, path) == 0 else {
        close(socket)
        break
      }
      sockets.append(socket)
    }
    return sockets
  }

  /// CVE-2016-9962: between setns and execve a process of the host is in the container's pid namespace.
  @Test("a process on its way in shows its files and memory to nobody", .disabled(if: Host.isControl)) func undumpable()
    throws
  {
    try withBundle { bundle in
      try bundle.start(
        """
        while ! test -e /over; do for p in /proc/[0-9]*; do
          grep -q swiftcr $p/comm && { echo >> /seen; readlink $p/exe $p/cwd $p/root $p/fd/* >> /found; cat $p/maps >> /found; }
        done; done 2> /dev/null
        while :; do sleep 0.1; done
        """)
      // Nobody takes the pidfd: exec waits, and its process waits inside for exec.
      var listener: Listener? = try Listener("\(bundle.directory)/pidfd")
      let filling = fill("\(bundle.directory)/pidfd")
      defer { for socket in filling { close(socket) } }
      let exec = try bundle.spawn("exec", "--pidfd-socket", "\(bundle.directory)/pidfd", bundle.id, "true")
      try Host.wait(for: "the container to look at a stage, more than once") {
        Host.read("\(bundle.rootfs)/seen").utf8.count > 2
      }
      #expect(listener != nil)
      listener = nil
      _ = try exec.wait()
      _ = try bundle.exec("touch", "/over")
      // After the look at its name it may have become the program, which may be looked at: the stage's own are what counts.
      let found = Host.read("\(bundle.rootfs)/found").split(separator: "\n").map(String.init)
      let isStage = { (line: String) in ["memfd:", "pidfd", "socket:"].contains { line.contains($0) } }
      #expect(found.filter(isStage) == [])
    }
  }

  static let descriptorPaths = (3..<24).map { "/proc/self/fd/\($0)" } + ["/proc/self/cwd", "/proc/1/cwd"]

  /// CVE-2024-21626: a directory of the host that stayed open is a way out.
  @Test("a working directory through a descriptor never leads out, by run and exec") func workingDirectory() throws {
    try withBundle { bundle in
      let host = open(bundle.directory, O_RDONLY | O_DIRECTORY)
      defer { close(host) }
      // In the bundle's directory there is config.json; nowhere in the container.
      try bundle.arguments(["/bin/sh", "-c", "test ! -e config.json && ls /proc/self/cwd/../../config.json"])
      for path in Self.descriptorPaths {
        try bundle.edit(".process.cwd = \"\(path)\"")
        let outcome = try bundle.run(descriptors: [9: host])
        #expect(outcome.code != 0 && outcome.output.isEmpty, "\(path): \(outcome)")
      }
      try bundle.edit(".process.cwd = \"/\"")
      try bundle.start()
      for path in Self.descriptorPaths {
        let outcome = try bundle.command(
          "exec", "--cwd", path, bundle.id, "sh", "-c", "test ! -e config.json && ls ../../config.json",
          descriptors: [9: host])
        #expect(outcome.code != 0 && outcome.output.isEmpty, "\(path): \(outcome)")
      }
    }
  }

  @Test("descriptors of the caller do not get in, by run and exec") func descriptors() throws {
    try withBundle { bundle in
      let host = open("/", O_RDONLY | O_DIRECTORY)
      defer { close(host) }
      // Asked for one by one: who lists the directory has it open.
      let list = "for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 77; do readlink /proc/self/fd/$i; done"
      let hostile: [Int32: Int32] = [3: host, 4: host, 9: host, 77: host]
      try bundle.script(list)
      let run = try bundle.run(descriptors: hostile)
      try bundle.start()
      let exec = try bundle.command("exec", bundle.id, "sh", "-c", list, descriptors: hostile)
      // Standard input, output and error, as the test gives them.
      for outcome in [run, exec] { #expect(outcome.lines.count == 3, "\(outcome)") }
      let kept = try bundle.command(
        "exec", "--preserve-fds", "1", bundle.id, "sh", "-c", list, descriptors: hostile)
      #expect(kept.lines.count == 4, "the list does show what is kept: \(kept)")
    }
  }

  /// CVE-2022-29162: inheritable capabilities come back to a process that gave all up.
  @Test("capabilities are those of config.json, by run and exec") func capabilities() throws {
    try withBundle { bundle in
      let show = "grep -E '^(Cap|NoNewPrivs)' /proc/self/status"
      let run = try bundle.sh(show)
      try bundle.start()
      let exec = try bundle.exec("sh", "-c", show)
      #expect(run.lines.first == "CapInh:\t0000000000000000" && run.lines.last == "NoNewPrivs:\t1", "\(run)")
      #expect(run.lines.count == 6 && exec.lines == run.lines, "\(run)\n\(exec)")
      let more = try bundle.command("exec", "--cap", "CAP_NET_RAW", bundle.id, "sh", "-c", show)
      #expect(more.lines.first == "CapInh:\t0000000000000000" && more.lines != run.lines, "\(more)")
    }
  }

  /// CVE-2026-30892: a number that is not one became 0.
  @Test("a user is a number or refused", arguments: ["", ":", "1:", ":1", "-1", "4294967296", "1x", "1:1:1", " 1"])
  func user(_ text: String) throws {
    try withBundle { bundle in
      try bundle.start()
      let outcome = try bundle.command("exec", "--user=\(text)", bundle.id, "id", "-u")
      #expect(outcome.code != 0 && outcome.output.isEmpty, "\(text): \(outcome)")
      #expect(Host.isControl || outcome.errors.contains("--user"), "\(text): \(outcome)")
    }
  }

  @Test("a hook of the host is the host's file, whatever the image has there", .disabled(if: Host.isControl))
  func hook() throws {
    try withBundle { bundle in
      try Host.must("sh", "-c", "cp $0/bin/busybox $0/evil", bundle.rootfs)
      try bundle.edit(#".hooks = {"createRuntime": [{"path": "/evil", "args": ["touch", "/run/swiftcr-evil"]}]}"#)
      let outcome = try bundle.run()
      #expect(outcome.code == 1 && outcome.errors.contains("/evil"), "\(outcome)")
      #expect(!Host.exists("/run/swiftcr-evil"))
    }
  }
}
