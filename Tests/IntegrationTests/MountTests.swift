import Testing

extension Integration {
  /// config.json's mounts, propagation, masks and read-only paths, seen from inside.
  @Suite struct Mounts {}
}

extension Integration.Mounts {
  /// A tree of the host, on a mount of its own with another one in it, `$1/sub`, removed at the end.
  private func withVolume(_ options: [String] = [], _ body: (Bundle, String) throws -> Void) throws {
    try withBundle(options: options) { bundle in
      let volume = "\(bundle.directory)/volume"
      try Host.must(
        "sh", "-ec",
        """
        mkdir $1 && mount -t tmpfs -o mode=0755 none $1 && mkdir $1/sub && mount -t tmpfs none $1/sub
        echo data > $1/file; echo data > $1/sub/file
        """, "sh", volume)
      defer { _ = try? Host.run(["umount", "--recursive", volume]) }
      try body(bundle, volume)
    }
  }

  private static func mount(_ volume: String, _ options: String) -> String {
    let list = options.split(separator: ",").map { "\"\($0)\"" }.joined(separator: ",")
    return #".mounts += [{"destination": "/v", "type": "bind", "source": "\#(volume)", "options": [\#(list)]}]"#
  }

  /// Options, and what can be written then: the tree itself, the mount in it.
  static let writable: [(String, String)] = [
    ("bind", "v"), ("rbind", "v sub"), ("bind,ro", ""), ("rbind,ro", "sub"), ("rbind,rro", ""),
    ("rbind,rro,rw", ""), ("rbind,ro,rrw", "v sub"),
  ]

  @Test("ro is the mount's, rro the tree's", .disabled(if: Host.isControl), arguments: writable)
  func readonly(_ options: String, _ expected: String) throws {
    try withVolume { bundle, volume in
      try bundle.edit(Self.mount(volume, options))
      let outcome = try bundle.sh(
        "touch /v/x 2>/dev/null && echo v; test -e /v/sub/file && touch /v/sub/x 2>/dev/null && echo sub; true")
      #expect(outcome.lines.joined(separator: " ") == expected, "\(options): \(outcome)")
    }
  }

  static let flags: [(String, [String])] = [
    ("bind,nosuid,nodev,noexec", ["nosuid", "nodev", "noexec"]), ("bind,noatime", ["noatime"]),
    ("bind,nodiratime", ["nodiratime"]), ("bind,nosymfollow", ["nosymfollow"]), ("bind,noexec,exec", []),
  ]

  @Test("flags of a mount", .disabled(if: Host.isControl), arguments: flags)
  func flags(_ options: String, _ expected: [String]) throws {
    try withVolume { bundle, volume in
      try bundle.edit(Self.mount(volume, options))
      let outcome = try bundle.sh("grep ' /v ' /proc/self/mountinfo | cut -d' ' -f6")
      let found = outcome.lines.first?.split(separator: ",").map(String.init) ?? []
      #expect(found.filter { $0 != "rw" && $0 != "relatime" } == expected, "\(outcome)")
    }
  }

  /// The container's namespace is a slave of the host's, and so is what is bound there until it is told otherwise.
  static let propagations: [(String, [String])] = [
    ("rbind,rprivate", []), ("rbind,rslave", ["master:"]), ("rbind,rshared", ["master:", "shared:"]),
    ("rbind", ["master:"]),
  ]

  @Test("propagation of a mount", arguments: propagations)
  func propagation(_ options: String, _ expected: [String]) throws {
    try withVolume { bundle, volume in
      try Host.must("mount", "--make-rshared", volume)
      try bundle.edit(Self.mount(volume, options))
      let outcome = try bundle.sh("grep ' /v ' /proc/self/mountinfo")
      #expect(["master:", "shared:"].filter { outcome.output.contains($0) } == expected, "\(options): \(outcome)")
    }
  }

  @Test("what is mounted on the host arrives in a slave") func arrives() throws {
    try withVolume { bundle, volume in
      try Host.must("mount", "--make-rshared", volume)
      try bundle.edit(#".linux.rootfsPropagation = "rslave" | "# + Self.mount(volume, "rbind,rslave"))
      try bundle.start()
      try Host.must("sh", "-ec", "mkdir $1/new && mount -t tmpfs none $1/new && echo late > $1/new/file", "sh", volume)
      #expect(try bundle.exec("cat", "/v/new/file").output == "late\n")
    }
  }

  /// The mapped root is nobody on the host, but what is bound is the host's choice. What covers a directory still does.
  @Test("in a user namespace, from where only root may go", .disabled(if: Host.isControl), arguments: [false, true])
  func userNamespace(_ isJoined: Bool) throws {
    try withBundle(options: ["--userns"]) { other in
      try withVolume(["--userns"]) { bundle, volume in
        try Host.must(
          "sh", "-ec",
          """
          mkdir -p $1/deep/below; echo data > $1/deep/file; mount -t tmpfs none $1/deep/below; mount --make-rshared $1
          ln -s $1/deep $2; chmod 0700 $1; chown 1234 $1
          """, "sh", volume, "\(volume)-link")
        try bundle.edit(Self.mount("\(volume)-link", "rbind"))
        if isJoined {
          try other.start()
          let path = "/proc/\(try other.pid)/ns/user"
          try bundle.edit("del(.linux.uidMappings, .linux.gidMappings)")
          try bundle.edit(#"(.linux.namespaces[] | select(.type == "user")).path = "\#(path)""#)
        }
        let outcome = try bundle.sh(
          "cat /v/file; grep -c ' /v.*shared:' /proc/self/mountinfo; umount /v/below; grep -c /v/below /proc/mounts")
        #expect(outcome.lines == ["data", "0", "1"] && outcome.errors.contains("umount"), "\(outcome)")
      }
    }
  }

  /// A container's own mounts are its own, whether or not somebody said so.
  @Test("with mapped ids it is no peer of the host's", .disabled(if: Host.isControl, "runc 1.2 has it"))
  func mappedPropagation() throws {
    try withVolume(["--userns"]) { bundle, volume in
      try Host.must("mount", "--make-rshared", volume)
      for (options, expected) in Self.propagations {
        try bundle.edit("del(.mounts[] | select(.destination == \"/v\")) | " + Self.mount(volume, "\(options),ridmap"))
        let outcome = try bundle.sh("grep ' /v ' /proc/self/mountinfo")
        #expect(["master:", "shared:"].filter { outcome.output.contains($0) } == expected, "\(options): \(outcome)")
      }
    }
  }

  static let cases: [Case] = [
    Case(
      "a file, from a path relative to the bundle",
      #".mounts += [{"destination": "/new/dir/file", "type": "bind", "source": "config.json", "options": ["bind"]}]"#,
      #"grep -c '"ociVersion":' /new/dir/file"#, is: "1"),
    Case(
      "in the listed order: a later one covers, and lies in, an earlier one",
      """
      .mounts += [{"destination": "/a", "type": "tmpfs", "source": "one"},
        {"destination": "/a/b", "type": "tmpfs", "source": "two"}, {"destination": "/a", "type": "tmpfs", "source": "three"},
        {"destination": "/a/b", "type": "tmpfs", "source": "four"}]
      """, "grep ' /a' /proc/mounts | cut -d' ' -f1,2", is: "one /a\ntwo /a/b\nthree /a\nfour /a/b"),
    Case(
      "a relative destination is below /", #".mounts += [{"destination": "x/y", "type": "tmpfs", "source": "t"}]"#,
      "grep -o 't /x/y' /proc/mounts", is: "t /x/y"),
    Case(
      "a new mount is what its last propagation says",
      """
      .mounts += [{"destination": "/s", "type": "tmpfs", "source": "t", "options": ["private", "shared"]},
        {"destination": "/u", "type": "tmpfs", "source": "t", "options": ["unbindable"]}]
      """, "grep -o ' /[su] .* - ' /proc/self/mountinfo | sed 's/shared:.*/shared/' | cut -d' ' -f2,4",
      is: "/s shared\n/u unbindable"),
    Case(
      "tmpfs with size and mode",
      #".mounts += [{"destination": "/mem", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "mode=1755"]}]"#,
      "stat -c %a /mem; dd if=/dev/zero of=/mem/x bs=1k count=100 2>/dev/null; stat -c %s /mem/x", is: "1755\n65536"),
    Case(
      "a destination behind a link stays inside",
      #".mounts += [{"destination": "/link/x", "type": "tmpfs", "source": "tmpfs"}]"#,
      "grep -o '/tmp/x tmpfs' /proc/mounts", is: "/tmp/x tmpfs"),
    Case(
      "a read-only root, with what is mounted on it writable", #".root.readonly = true"#,
      "touch /x 2>/dev/null || echo no; touch /dev/shm/x && echo yes", is: "no\nyes"),
    Case(
      "masked paths hide files and directories, and may be missing",
      #".linux.maskedPaths = ["/etc/passwd", "/etc", "/nowhere"]"#, "ls /etc; stat -c %a /etc", is: "555"),
    Case(
      "a masked file is empty", #".linux.maskedPaths = ["/etc/passwd"]"#, "cat /etc/passwd; stat -c %t:%T /etc/passwd",
      is: "1:3"),
    Case(
      "read-only paths, and those that are missing", #".linux.readonlyPaths = ["/tmp", "/nowhere"]"#,
      "touch /tmp/x 2>/dev/null || echo no; touch /var/tmp/x && echo yes", is: "no\nyes"),
  ]

  @Test("mounts", .disabled(if: Host.isControl), arguments: cases) func mounts(_ item: Case) throws {
    try withBundle(.flat, item.edit) { bundle in
      try Host.must("ln", "-sfn", "/tmp", "\(bundle.rootfs)/link")
      let outcome = try bundle.sh(item.script)
      #expect(outcome.output == item.output + "\n" && outcome.code == 0, "\(outcome)")
    }
  }

  /// Every option of the specification that mount(8) has for a mount, and what the kernel then shows of it; `-` is what
  /// it does not show.
  static let options: [(String, String)] = [
    ("async", "-sync"), ("atime", "relatime"), ("defaults", "rw"), ("dev", "-nodev"), ("diratime", "-nodiratime"),
    ("dirsync", "dirsync"), ("exec", "-noexec"), ("iversion", "rw"), ("lazytime", "lazytime"), ("loud", "rw"),
    ("noatime", "noatime"), ("nodev", "nodev"), ("nodiratime", "nodiratime"), ("noexec", "noexec"),
    ("noiversion", "rw"), ("nolazytime", "-lazytime"), ("norelatime", "rw"), ("nostrictatime", "relatime"),
    ("nosuid", "nosuid"), ("nosymfollow", "nosymfollow"), ("relatime", "relatime"), ("ro", "ro"), ("rw", "rw"),
    ("silent", "rw"), ("strictatime", "-relatime"), ("suid", "-nosuid"), ("symfollow", "-nosymfollow"),
    ("sync", "sync"),
  ]

  @Test("options of a new mount", arguments: options) func option(_ name: String, _ shown: String) throws {
    try withBundle { bundle in
      try bundle.edit(
        #".mounts += [{"destination": "/o", "type": "tmpfs", "source": "t", "options": ["\#(name)"]}]"#)
      let outcome = try bundle.sh("grep ' /o tmpfs' /proc/mounts | cut -d' ' -f4")
      let options = outcome.lines.first?.split(separator: ",").map(String.init) ?? []
      let isShown = options.contains(shown.hasPrefix("-") ? String(shown.dropFirst()) : shown)
      #expect(!options.isEmpty && isShown != shown.hasPrefix("-"), "\(outcome)")
    }
  }

  /// The same for those of a whole tree: what the mount below the bound one shows.
  static let recursive: [(String, String)] = [
    ("rro", "ro"), ("rrw", "rw"), ("rnosuid", "nosuid"), ("rsuid", "-nosuid"), ("rnodev", "nodev"), ("rdev", "-nodev"),
    ("rnoexec", "noexec"), ("rexec", "-noexec"), ("rnodiratime", "nodiratime"), ("rdiratime", "-nodiratime"),
    ("rnoatime", "noatime"), ("ratime", "-noatime"), ("rstrictatime", "-relatime"), ("rnostrictatime", "relatime"),
    ("rrelatime", "relatime"), ("rnorelatime", "rw"), ("rnosymfollow", "nosymfollow"), ("rsymfollow", "-nosymfollow"),
  ]

  @Test("options of a tree", .disabled(if: Host.isControl), arguments: recursive)
  func recursive(_ name: String, _ shown: String) throws {
    try withVolume { bundle, volume in
      // Each of the attributes is there to be taken away.
      let opposite = Self.recursive.first { $0.0 == "rno" + name.dropFirst() }.map { String($0.0.dropFirst()) } ?? "rw"
      try Host.must("mount", "-o", "remount,bind,\(opposite)", "\(volume)/sub")
      try bundle.edit(Self.mount(volume, "rbind,\(name)"))
      let outcome = try bundle.sh("grep ' /v/sub ' /proc/self/mountinfo | cut -d' ' -f6")
      let options = outcome.lines.first?.split(separator: ",").map(String.init) ?? []
      let isShown = options.contains(shown.hasPrefix("-") ? String(shown.dropFirst()) : shown)
      #expect(!options.isEmpty && isShown != shown.hasPrefix("-"), "\(outcome)")
    }
  }

  /// The mount itself keeps what nobody speaks of.
  @Test(
    "a remount changes what is there", .disabled(if: Host.isControl),
    arguments: [
      ("remount,ro", "ro,nosuid"), ("remount,bind,ro,suid", "ro,relatime"), ("remount,ro,noatime", "ro,nosuid,noatime"),
    ])
  func remount(_ options: String, _ shown: String) throws {
    try withBundle { bundle in
      let list = options.split(separator: ",").map { "\"\($0)\"" }.joined(separator: ",")
      try bundle.edit(
        """
        .mounts += [{"destination": "/r", "type": "tmpfs", "source": "t", "options": ["nosuid"]},
          {"destination": "/r", "options": [\(list)]}]
        """)
      let outcome = try bundle.sh("grep ' /r ' /proc/self/mountinfo | cut -d' ' -f6; touch /r/x 2>/dev/null || echo no")
      #expect(outcome.lines.count == 2 && outcome.lines.last == "no", "\(outcome)")
      #expect(outcome.output.hasPrefix(shown), "\(outcome)")
    }
  }

  @Test("a remount changes the file system, too") func remountSize() throws {
    try withBundle { bundle in
      try bundle.edit(
        """
        .mounts += [{"destination": "/r", "type": "tmpfs", "source": "t", "options": ["size=64k"]},
          {"destination": "/r", "type": "tmpfs", "source": "t", "options": ["remount", "size=128k"]}]
        """)
      let outcome = try bundle.sh("grep ' /r tmpfs' /proc/mounts")
      #expect(outcome.lines.count == 1 && outcome.output.contains("size=128k"), "\(outcome)")
    }
  }

  /// What the root's line says of its peers: the host's mounts are shared where the case makes them so.
  @Test(
    "propagation of the root", .disabled(if: Host.isControl, "runc 1.1 has none of it"),
    arguments: [
      ("shared", ["shared:"]), ("slave", ["master:"]), ("private", []), ("unbindable", ["unbindable"]),
    ])
  func root(_ propagation: String, _ expected: [String]) throws {
    try withBundle { bundle in
      try bundle.edit(".linux.rootfsPropagation = \"\(propagation)\"")
      try bundle.script("grep ' / / \\| / rw' /proc/self/mountinfo | head -n 1")
      // A mount of its own, and a peer group of its own, for the root.
      let outcome = try Host.run([
        "unshare", "--mount", "--propagation", "private", "sh", "-ec",
        "mount --bind $1 $1; mount --make-shared $1; shift; exec \"$@\"", "sh", bundle.rootfs, Host.program, "--root",
        bundle.state, "run", "--bundle", bundle.directory, bundle.id,
      ])
      let found = ["shared:", "master:", "unbindable"].filter { outcome.output.contains($0) }
      #expect(outcome.code == 0 && outcome.lines.count == 1 && found == expected, "\(outcome)")
    }
  }

  @Test("tmpcopyup: a tmpfs begins with what is there") func copyUp() throws {
    try withBundle { bundle in
      try Host.must(
        "sh", "-ec", "mkdir $1/c && cd $1/c && echo text > file && ln -s file link && chmod 711 . && chmod 640 file",
        "sh", bundle.rootfs)
      try bundle.edit(
        #".mounts += [{"destination": "/c", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}]"#)
      let outcome = try bundle.sh(
        "cat /c/link; stat -c %a /c /c/file; echo x > /c/file; grep -c ' /c tmpfs' /proc/mounts")
      #expect(outcome.lines == ["text", "711", "640", "1"], "\(outcome)")
      #expect(Host.read("\(bundle.rootfs)/c/file") == "text\n", "the image is as it was")
    }
  }

  /// Ids on disk, the mapping, and what is seen: in a container without and with a user namespace.
  @Test("ids of a mount are mapped", .disabled(if: Host.isControl, "runc 1.2 has it"), arguments: [false, true])
  func idmap(_ userNamespace: Bool) throws {
    try withBundle(options: userNamespace ? ["--userns"] : []) { bundle in
      let volume = "\(bundle.directory)/volume"
      try Host.must(
        "sh", "-ec", "mkdir $1; echo > $1/root; echo > $1/five; chown 5:6 $1/five; chmod 755 $1", "sh", volume)
      let maps =
        userNamespace
        ? ""
        : #", "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 10}], "gidMappings": [{"containerID": 0, "hostID": 2000, "size": 10}]"#
      try bundle.edit(
        #".mounts += [{"destination": "/v", "type": "bind", "source": "\#(volume)", "options": ["bind", "idmap"]\#(maps)}]"#
      )
      let outcome = try bundle.sh("stat -c %u:%g /v/root /v/five; touch /v/made")
      #expect(outcome.lines == (userNamespace ? ["0:0", "5:6"] : ["1000:2000", "1005:2006"]), "\(outcome)")
      if userNamespace { #expect(try Host.must("stat", "-c", "%u:%g", "\(volume)/made") == "0:0\n") }
    }
  }

  @Test("ids cannot be mapped without any maps", .disabled(if: Host.isControl), arguments: ["idmap", "ridmap"])
  func noMaps(_ option: String) throws {
    try withBundle { bundle in
      try bundle.edit(
        #".mounts += [{"destination": "/v", "type": "bind", "source": "\#(bundle.rootfs)", "options": ["rbind", "\#(option)"]}]"#
      )
      let outcome = try bundle.run()
      #expect(outcome.code == 1 && outcome.errors.contains("mounts"), "\(outcome)")
    }
  }

  @Test("a source that is not there, a type that is none") func errors() throws {
    try withBundle(.flat, Self.mount("/not/there", "bind")) { bundle in
      let source = try bundle.run()
      #expect(source.code == 1 && source.errors.contains("/not/there"), "\(source)")
      #expect(source.errors.contains("no such file or directory"), "\(source)")
      try bundle.edit(#".mounts[-1] = {"destination": "/x", "type": "nonsensefs", "source": "x"}"#)
      let type = try bundle.run()
      #expect(type.code == 1 && type.errors.contains("nonsensefs"), "\(type)")
      try bundle.edit(#".mounts[-1] = {"destination": "/x", "type": "tmpfs", "source": "x", "options": ["size=lots"]}"#)
      let option = try bundle.run()
      #expect(option.code == 1 && option.errors.contains("size"), "\(option)")
    }
  }
}
