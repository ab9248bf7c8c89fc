import Testing

extension Integration {
  /// `mounts add` and `mounts remove` on a container that runs.
  @Suite(.disabled(if: Host.isControl, "runc has no such command")) struct LiveMounts {}
}

extension Integration.LiveMounts {
  private func mounts(_ bundle: Bundle, _ verb: String, _ json: String) throws -> Outcome {
    try bundle.command("mounts", verb, bundle.id, "-", input: json)
  }

  @Test("a directory of the host comes and goes", arguments: [[], ["--userns"]]) func bind(_ options: [String]) throws {
    try withBundle(options: options) { bundle in
      let volume = "\(bundle.directory)/volume"
      try Host.must("sh", "-c", "mkdir $1 && echo data > $1/file && chmod -R a+rX $1", "sh", volume)
      try bundle.start()
      let json =
        #"[{"destination": "/mnt/new", "type": "bind", "source": "\#(volume)", "options": ["rbind", "ro", "nosuid"]}]"#
      #expect(try mounts(bundle, "add", json).code == 0)
      let inside = try bundle.exec("sh", "-c", "cat /mnt/new/file; echo x > /mnt/new/y; grep ' /mnt/new ' /proc/mounts")
      #expect(inside.lines.first == "data" && inside.errors.contains("Read-only file system"), "\(inside)")
      #expect(inside.output.contains(" ro,nosuid"), "\(inside)")
      let removed = try mounts(bundle, "remove", json)
      #expect(removed.code == 0, "\(removed)")
      #expect(try bundle.exec("sh", "-c", "ls /mnt/new; grep -c ' /mnt/new ' /proc/mounts").output == "0\n")
    }
  }

  @Test("a mount of the host's sends nothing back") func slave() throws {
    try withBundle { bundle in
      let volume = "\(bundle.directory)/volume"
      try Host.must(
        "sh", "-ec", "mkdir $1 && mount -t tmpfs none $1 && mkdir $1/sub && mount --make-shared $1", "sh", volume)
      defer { _ = try? Host.run(["umount", "--recursive", volume]) }
      try bundle.start()
      let json = #"[{"destination": "/mnt/new", "type": "bind", "source": "\#(volume)", "options": ["rbind"]}]"#
      #expect(try mounts(bundle, "add", json).code == 0)
      let inside = try bundle.exec("grep", " /mnt/new ", "/proc/self/mountinfo")
      #expect(inside.output.contains("master:") && !inside.output.contains("shared:"), "\(inside)")
    }
  }

  @Test("a file, a tmpfs, and an object with the array in it") func kinds() throws {
    try withBundle { bundle in
      Host.write("from the host\n", to: "\(bundle.directory)/file")
      try bundle.start()
      let json = """
        {"mounts": [{"destination": "/etc/new", "type": "bind", "source": "file", "options": ["bind"]},
         {"destination": "/mem", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "mode=0711", "noexec"]}]}
        """
      let added = try mounts(bundle, "add", json)
      #expect(added.code == 0, "\(added)")
      let inside = try bundle.exec("sh", "-c", "cat /etc/new; stat -c %a /mem; grep -o '/mem tmpfs [^ ]*' /proc/mounts")
      #expect(inside.lines.prefix(2) == ["from the host", "711"], "\(inside)")
      #expect(inside.output.contains("noexec") && inside.output.contains("size=64k"), "\(inside)")
      #expect(try mounts(bundle, "remove", json).code == 0)
      #expect(try bundle.exec("sh", "-c", "cat /etc/new; grep -c ' /mem ' /proc/mounts").output == "0\n")
    }
  }

  @Test("in a paused container") func paused() throws {
    try withBundle { bundle in
      try bundle.start()
      try bundle.must("pause", bundle.id)
      let json = #"[{"destination": "/mem", "type": "tmpfs", "source": "tmpfs"}]"#
      #expect(try mounts(bundle, "add", json).code == 0)
      try bundle.must("resume", bundle.id)
      #expect(try bundle.exec("grep", "-c", " /mem ", "/proc/mounts").output == "1\n")
    }
  }

  @Test("all or nothing") func undone() throws {
    try withBundle { bundle in
      try bundle.start()
      let json = #"""
        [{"destination": "/first", "type": "tmpfs", "source": "tmpfs"},
         {"destination": "/second", "type": "bind", "source": "/not/there", "options": ["bind"]}]
        """#
      let outcome = try mounts(bundle, "add", json)
      #expect(outcome.code == 1 && outcome.errors.contains("/not/there"), "\(outcome)")
      #expect(try bundle.exec("grep", "-c", " /first ", "/proc/mounts").output == "0\n")
    }
  }

  /// The container makes a link to where the mount should land: it leads to a place in the container, never to the host.
  @Test("a destination that the container bends") func hostile() throws {
    try withBundle { bundle in
      let outside = "\(bundle.directory)/outside"
      try Host.must("mkdir", outside)
      try bundle.start()
      _ = try bundle.exec("sh", "-c", "mkdir -p $0; ln -s ../../..$0 /trap", outside)
      let json = #"[{"destination": "/trap/x", "type": "tmpfs", "source": "tmpfs"}]"#
      #expect(try mounts(bundle, "add", json).code == 0)
      #expect(try Host.must("ls", outside) == "", "the host's directory got an entry")
      #expect(try bundle.exec("grep", "-c", "\(outside)/x ", "/proc/mounts").output == "1\n")
    }
  }

  @Test("errors") func errors() throws {
    try withBundle { bundle in
      let json = #"[{"destination": "/mem", "type": "tmpfs", "source": "tmpfs"}]"#
      #expect(try mounts(bundle, "add", json).errors.contains("does not exist"))
      try bundle.start()
      let none = try mounts(bundle, "remove", json)
      #expect(none.code == 1 && none.errors.contains("unmount /mem: "), "\(none)")
      let proc = try mounts(bundle, "add", #"[{"destination": "/proc/x", "type": "tmpfs"}]"#)
      #expect(proc.code == 1 && proc.errors.contains("inside /proc"), "\(proc)")
      let fault = try mounts(bundle, "add", #"[{"destination": 5}]"#)
      #expect(fault.errors.contains("[0].destination: expected a string, found 5"), "\(fault)")
      let word = try mounts(bundle, "move", json)
      #expect(word.code == 1 && word.errors.contains("move"), "\(word)")
      try bundle.must("kill", bundle.id, "KILL")
      try bundle.waitUntilStopped()
      #expect(try mounts(bundle, "add", json).errors.contains("container not running"))
    }
  }
}
