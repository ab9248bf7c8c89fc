import Foundation
import Glibc
import Testing

extension Integration {
  /// Containers of an ordinary user.
  @Suite(.disabled(if: Host.isControl, "only swiftcr knows layers")) struct Rootless {}
}

extension Integration.Rootless {
  @Test("the config.json of spec --rootless runs as it is") func spec() throws {
    try withUserBundle(.single, "del(.annotations) | .root.readonly = true") { bundle in
      try Host.must("cp", "-a", "\(UserBundle.layers)/1", "\(bundle.directory)/rootfs")
      let outcome = try bundle.sh(
        "id -u; tr -s ' ' < /proc/self/uid_map; touch /x 2>&1; ls -d /sys/kernel; ls /dev/null")
      #expect(
        outcome.lines == [
          "0", " 0 \(User.id) 1", "touch: /x: Read-only file system", "/sys/kernel", "/dev/null",
        ], "\(outcome)")
    }
  }

  @Test(
    "layers are merged, copied up, and stay as they were", arguments: [User.Ids.single, .subordinate],
    ["disk", "tmpfs"])
  func layers(_ ids: User.Ids, _ upper: String) throws {
    let before = try Leftovers.fingerprint(of: UserBundle.layers)
    try withUserBundle(ids, ".annotations[\"io.swiftcr.layer.upper\"] = \"\(upper)\"") { bundle in
      if upper == "tmpfs", !Host.isKernel(atLeast: 6, 6) {
        let outcome = try bundle.sh("true")
        #expect(outcome.code == 1 && outcome.errors.contains("without root it needs Linux 6.6"), "\(outcome)")
        return
      }
      let outcome = try bundle.sh(
        """
        cat /etc/greeting /data/b; ls /etc/secret /srv/gone 2>/dev/null; ls /opt/tool
        echo x >> /etc/greeting; cat /etc/greeting; rm -r /opt/tool /data; mkdir /data /opt/tool; ls /data /opt
        ls /opt/tool; stat -c '%u %a' / /etc/greeting; grep -c ' / overlay .*userxattr' /proc/mounts
        """)
      #expect(
        outcome.lines
          == [
            "hello from layer 2", "b, from layer 2", "README", "version-2", "hello from layer 2", "x", "/data:", "",
            "/opt:", "tool", "0 755", "0 644", "1",
          ].filter { !$0.isEmpty }, "\(outcome)")
    }
    #expect(try Leftovers.fingerprint(of: UserBundle.layers) == before)
  }

  @Test(
    "a layer's limit in memory holds", .enabled(if: Host.isKernel(atLeast: 6, 6), "a layer in memory needs Linux 6.6"))
  func limit() throws {
    let edit = #".annotations += {"io.swiftcr.layer.upper": "tmpfs", "io.swiftcr.layer.size": "262144"}"#
    try withUserBundle(.single, edit) { bundle in
      let outcome = try bundle.sh("dd if=/dev/zero of=/big bs=1024 count=1000 2>&1 | grep -c 'No space left'")
      #expect(outcome.output == "1\n", "\(outcome)")
    }
  }

  @Test("500 layers, which root owns and everybody may read") func many() throws {
    let chain = Host.temporaryDirectory("chain")
    defer { Host.remove(chain) }
    try Host.must(Host.fixture("layers"), "\(chain)/layers", "--more", "497")
    let layers = (1...500).map { "\"\(chain)/layers/\($0)\"" }.joined(separator: ",")
    try withUserBundle(.single, ".annotations[\"io.swiftcr.layers\"] = ([\(layers)] | tojson)") { bundle in
      let outcome = try bundle.sh("cat /more/top; ls /more | wc -l; ls /etc/secret 2>/dev/null")
      #expect(outcome.lines == ["the top one is layer 500", "498"], "\(outcome)")
    }
  }

  @Test("files of several ids go with the container") func ids() throws {
    try withUserBundle(.subordinate) { bundle in
      try bundle.start()
      let script =
        "mkdir /mine; touch /mine/file; chown -R 1000:1000 /mine; chmod 0 /mine/file; tr -s ' ' < /proc/self/uid_map"
      let outcome = try bundle.command("exec", bundle.id, "sh", "-c", script)
      #expect(outcome.lines == [" 0 \(User.id) 1", " 1 \(User.first) 65536"], "\(outcome)")
      let found = try Host.must("find", bundle.user.containers, "-name", "mine", "-printf", "%U:%G")
      #expect(found == "\(User.first + 999):\(User.first + 999)")
    }
  }

  /// Where a layer without root can be: a tmpfs keeps attributes of users since Linux 6.6.
  private static let uppers = Host.isKernel(atLeast: 6, 6) ? ["disk", "tmpfs"] : ["disk"]

  @Test("the container's root may be somebody else than the user", arguments: uppers)
  func otherRoot(_ upper: String) throws {
    try withUserBundle(
      .subordinate, ".annotations[\"io.swiftcr.layer.upper\"] = \"\(upper)\"",
      ".linux.uidMappings = [{containerID: 0, hostID: \(User.first), size: 65536}] | .linux.gidMappings = .linux.uidMappings"
    ) { bundle in
      let outcome = try bundle.sh(
        "cat /etc/greeting; mkdir /new; touch /new/file; chown -R 7:7 /new; stat -c %u /new/file /; ls /opt/tool")
      #expect(outcome.lines == ["hello from layer 2", "7", "0", "README", "version-2"], "\(outcome)")
    }
  }

  @Test("purge removes what a lost journal leaves") func purge() throws {
    try withUserBundle(.subordinate) { bundle in
      try bundle.start()
      _ = try bundle.command("exec", bundle.id, "sh", "-c", "mkdir /mine; touch /mine/file; chown -R 1000 /mine")
      try bundle.must("purge")
      #expect(bundle.leftovers.count == 3, "a running container has its journal, config and layer")
      try bundle.must("kill", bundle.id, "KILL")
      try Host.wait(for: "the end") { try bundle.must("state", bundle.id).contains("stopped") }
      // The directory stays: another one at its path would be a store that cannot be seen from here.
      try Host.must("find", bundle.user.state, "-type", "f", "-delete")
      try bundle.must("purge")
      #expect(bundle.leftovers == [])
    }
  }

  @Test(
    "a swiftcr that is killed leaves nothing that delete --force does not find",
    arguments: [
      "reserve", "record", "cgroup", "container layer", "clone", "prepare", "note pid", "go", "wait",
      "remove container layer",
    ], [User.Ids.single, .subordinate])
  func killed(_ step: String, _ ids: User.Ids) throws {
    try withUserBundle(ids) { bundle in
      try bundle.script("mkdir -p /mine/deep; touch /mine/deep/file; chown -R 1000 /mine 2>/dev/null; exit 0")
      let log = "\(bundle.user.home)/log"
      let child = try bundle.user.spawn(
        [Host.program, "--debug", "--log", log, "run", "--bundle", bundle.directory, bundle.id],
        directory: bundle.directory)
      try Host.wait(for: step) { Host.read(log).contains("step: \(step)") }
      kill(child.pid, SIGKILL)
      _ = try child.wait()
    }
  }

  @Test("exec, ps and kill --all in a container that has no cgroup") func processes() throws {
    try withUserBundle { bundle in
      try bundle.start("sleep 1000 & sleep 1000 & trap 'echo' HUP; while :; do wait; done")
      let outcome = try bundle.command("exec", "--user", "0:0", bundle.id, "sh", "-c", "id -u; cat /etc/greeting")
      #expect(outcome.output == "0\nhello from layer 2\n", "\(outcome)")
      let json = try bundle.must("ps", "--format", "json", bundle.id)
      #expect(json.split(separator: ",").count == 3, "\(json)")
      let paused = try bundle.command("pause", bundle.id)
      #expect(paused.code == 1 && paused.errors.contains("has no cgroup"), "\(paused)")
      try bundle.must("kill", "--all", bundle.id, "TERM")
      try Host.wait(for: "the end of both children") {
        try bundle.must("ps", "--format", "json", bundle.id).split(separator: ",").count == 1
      }
    }
  }

  @Test("a mount is added to a container that has no cgroup") func liveMount() throws {
    try withUserBundle(.single) { bundle in
      try bundle.start()
      let file = "\(bundle.directory)/mounts.json"
      Host.write(#"[{"destination": "/mem", "type": "tmpfs", "source": "tmpfs"}]"#, to: file)
      let added = try bundle.command("mounts", "add", bundle.id, file)
      #expect(added.code == 0, "\(added)")
      let inside = try bundle.command("exec", bundle.id, "grep", "-c", " /mem ", "/proc/mounts")
      #expect(inside.output == "1\n", "\(inside)")
    }
  }

  @Test("a terminal") func terminal() throws {
    try withUserBundle(.subordinate, ".process.terminal = true") { bundle in
      let outcome = try bundle.sh("tty; stat -c %u $(tty); [ -c /dev/console ] && echo console")
      #expect(outcome.output.replacingOccurrences(of: "\r", with: "") == "/dev/pts/0\n0\nconsole\n", "\(outcome)")
    }
  }

  @Test("without newuidmap one error says what to do") func helpers() throws {
    try withUserBundle(.withoutHelpers) { bundle in
      let outcome = try bundle.sh("true")
      #expect(outcome.code == 1 && outcome.errors.contains("newuidmap is not installed"), "\(outcome)")
      #expect(bundle.leftovers == [])
    }
  }

  @Test("ids that are not the user's are refused") func foreignIDs() throws {
    let edit = ".linux.uidMappings[1].hostID = 5000000 | .linux.gidMappings[1].hostID = 5000000"
    try withUserBundle(.subordinate, edit) { bundle in
      let outcome = try bundle.sh("true")
      #expect(outcome.code == 1 && outcome.errors.contains("newuidmap: uid range [1-65537) -> "), "\(outcome)")
      #expect(bundle.leftovers == [])
    }
  }

  static let refused: [(String, String)] = [
    (".linux.resources.memory.limit = 100000000", "rootless needs no limits + no cgrouppath"),
    (".linux.cgroupsPath = \"/swiftcr-rootless\"", "rootless needs no limits + no cgrouppath"),
    (
      ".linux.namespaces |= map(select(.type != \"user\")) | del(.linux.uidMappings, .linux.gidMappings)",
      "rootless container requires user namespaces"
    ),
    (".process.user.additionalGids = [0]", "cannot set any additional groups in a rootless container"),
    (
      ".annotations.\"io.swiftcr.layer.size\" = \"4m\"",
      "without root a limit is only kept in memory: add io.swiftcr.layer.upper=tmpfs"
    ),
    (".process.oomScoreAdj = -1", "set oom_score_adj to -1: permission denied"),
  ]

  @Test("what a user may not have is one error", arguments: refused)
  func refused(_ edit: String, _ words: String) throws {
    try withUserBundle(.single, edit) { bundle in
      let outcome = try bundle.sh("true")
      #expect(outcome.code == 1 && outcome.errors.contains(words), "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1 && bundle.leftovers == [], "\(outcome)")
    }
  }

  @Test("a cgroup that is delegated is used, with the limits that it can have") func delegated() throws {
    let hierarchy = "/sys/fs/cgroup/pids"
    guard Host.exists("\(hierarchy)/tasks") else {
      print("skipped: no cgroup v1 hierarchy for pids at \(hierarchy)")
      return
    }
    try withUserBundle(.single, ".linux.resources.pids.limit = 10") { bundle in
      let cgroup = try bundle.delegate(hierarchy)
      defer { #expect(rmdir(cgroup) == 0, "the container's cgroup is gone, and nobody is left") }
      let outcome = try bundle.sh("cat /sys/fs/cgroup/pids/pids.max; grep -c :pids:/ /proc/self/cgroup")
      #expect(outcome.lines == ["10", "1"], "\(outcome)")
      try bundle.edit(".linux.resources.memory.limit = 100000000")
      let refused = try bundle.sh("true")
      let words = "rootless, with the cgroups that this user may make: linux.resources.memory"
      #expect(refused.code == 1 && refused.errors.contains(words), "\(refused)")
      bundle.user.cgroup = nil
    }
  }

  @Test("in a delegated cgroup v2 a container is paused, and killed as one") func delegatedUnified() throws {
    let hierarchy = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].first { Host.exists("\($0)/cgroup.subtree_control") }
    guard let hierarchy, hierarchy.hasSuffix("unified") else {
      print("skipped: needs a hybrid host, on which cgroup v2 takes processes beside its children")
      return
    }
    try withUserBundle(.subordinate) { bundle in
      let cgroup = try bundle.delegate(hierarchy)
      defer { #expect(rmdir(cgroup) == 0, "the container's cgroup is gone, and nobody is left") }
      try bundle.start("sleep 1000 & sleep 1000 & while :; do sleep 0.1; done")
      #expect(Host.exists("\(cgroup)/\(bundle.id)/cgroup.procs"))
      try bundle.must("pause", bundle.id)
      #expect(try bundle.must("state", bundle.id).contains("\"paused\""))
      try bundle.must("resume", bundle.id)
      let outcome = try bundle.command("exec", bundle.id, "cat", "/proc/self/cgroup")
      #expect(outcome.lines.contains("0::/"), "exec's process is in the container's cgroup too: \(outcome)")
      try bundle.must("kill", "--all", bundle.id, "KILL")
      try Host.wait(for: "the end") { try bundle.must("state", bundle.id).contains("\"stopped\"") }
      try bundle.must("delete", bundle.id)
      bundle.user.cgroup = nil
    }
  }

  @Test("root's own bundle with a user namespace and a network of its own") func sameBundle() throws {
    try withUserBundle(.subordinate) { bundle in
      try Host.must("rm", bundle.configuration)
      let made = try Host.run(
        [Host.fixture("bundle"), bundle.directory, "--layers", UserBundle.layers, "--userns", "--", "/bin/true"])
      #expect(made.code == 0, "\(made)")
      // The subordinate range that this user has.
      try bundle.edit(".linux.uidMappings[0].hostID = \(User.first) | .linux.gidMappings[0].hostID = \(User.first)")
      let outcome = try bundle.sh("id -u; /app/hello; ls /sys/class/net; stat -c %g /dev/pts; ls -d /sys/fs/cgroup/")
      #expect(
        outcome.lines == [
          "0", "hello from layer 2, and this container is container", "lo", "0", "/sys/fs/cgroup/",
        ], "\(outcome)")
    }
  }

  /// Two processes of a launch speak over one socket. On a busy machine either may be the first: one start in twenty
  /// failed.
  @Test("starts on a busy machine") func busy() throws {
    let busy = try (0..<8).map { _ in try Host.spawn(["sh", "-c", "while :; do :; done"]) }
    defer { withExtendedLifetime(busy) {} }
    try withUserBundle(.subordinate) { bundle in
      for _ in 0..<(Host.isEmulated ? 4 : 40) {
        let outcome = try bundle.sh("exit 0")
        #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome)")
      }
    }
  }

  @Test("a file system that takes no container layer is one error, and memory helps") func upperRefused() throws {
    try withUserBundle { bundle in
      // overlayfs as an upper: refused by every kernel.
      let edit = { (upper: String) in try bundle.edit(".annotations[\"io.swiftcr.layer.upper\"] = \"\(upper)\"") }
      bundle.user.overlaysData = true
      let outcome = try bundle.sh("true")
      #expect(outcome.code == 1 && outcome.errors.contains("io.swiftcr.layer.upper=tmpfs keeps it"), "\(outcome)")
      if Self.uppers.contains("tmpfs") {
        try edit("tmpfs")
        #expect(try bundle.sh("echo ran").output == "ran\n")
      }
      bundle.user.overlaysData = false
    }
  }

  @Test("root of a user namespace that an engine made") func namespaceRoot() throws {
    let edit = """
      .linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)
      """
    try withUserBundle(.single, edit) { bundle in
      try bundle.script("id -u; cat /etc/greeting; ls /opt/tool; echo x > /etc/greeting; [ -c /dev/null ] && echo null")
      let outcome = try bundle.user.run(
        [
          "unshare", "--user", "--map-root-user", "--mount", Host.program, "run", "--bundle", bundle.directory,
          bundle.id,
        ])
      #expect(outcome.lines == ["0", "hello from layer 2", "README", "version-2", "null"], "\(outcome)")
      #expect(bundle.leftovers == [])
    }
  }
}
