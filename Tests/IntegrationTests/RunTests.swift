import Glibc
import Testing

extension Integration {
  /// What config.json says about the process and its surroundings, seen from inside.
  @Suite struct Run {}
}

/// One container: an edit of config.json, a script, and what it has to print.
struct Case: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var edit = "."
  var script: String
  var output: String
  var code: Int32 = 0

  init(_ name: String, _ script: String, is output: String, code: Int32 = 0) {
    self.init(name, ".", script, is: output, code: code)
  }

  init(_ name: String, _ edit: String, _ script: String, is output: String, code: Int32 = 0) {
    testDescription = name
    self.edit = edit
    self.script = script
    self.output = output
    self.code = code
  }

  func check(_ kind: Bundle.Kind = .flat) throws {
    try withBundle(kind, edit) { bundle in
      let outcome = try bundle.sh(script)
      #expect(outcome.output == output + (output.isEmpty ? "" : "\n"), "\(outcome)")
      #expect(outcome.code == code, "\(outcome)")
    }
  }
}

extension Integration.Run {
  static let process: [Case] = [
    Case("success", "true", is: ""),
    Case("exit code", "exit 42", is: "", code: 42),
    Case(
      "environment", #".process.env = ["A=1", "B=two words", "C="]"#, "/usr/bin/env | grep '^[ABC]=' | sort",
      is: "A=1\nB=two words\nC="),
    Case("HOME from passwd", #".process.env = ["PATH=/bin"]"#, "echo $HOME", is: "/root"),
    Case(
      "HOME of a user", #".process.env = ["PATH=/bin"] | .process.user = {"uid": 1000, "gid": 1000}"#, "echo $HOME",
      is: "/home/user"),
    Case("HOME that is set stays", #".process.env += ["HOME=/tmp"]"#, "echo $HOME", is: "/tmp"),
    Case("working directory", #".process.cwd = "/var/tmp""#, "pwd", is: "/var/tmp"),
    Case("working directory is made", #".process.cwd = "/not/there""#, "pwd", is: "/not/there"),
    Case(
      "user and groups", #".process.user = {"uid": 1000, "gid": 1000, "additionalGids": [5, 29]}"#,
      "id -u; id -g; grep ^Groups: /proc/self/status", is: "1000\n1000\nGroups:\t5 29 "),
    Case("no supplementary groups of the caller", "grep ^Groups: /proc/self/status", is: "Groups:\t "),
    Case("umask", ".process.user.umask = 63", "umask", is: "0077"),
    Case("default umask", "umask", is: "0022"),
    Case("hostname", #".hostname = "example""#, "hostname; cat /proc/sys/kernel/hostname", is: "example\nexample"),
    Case("domain name", #".domainname = "example.org""#, "cat /proc/sys/kernel/domainname", is: "example.org"),
    Case("pid 1", "echo $$", is: "1"),
    Case(
      "resource limits",
      #".process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},"#
        + #"{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]"#,
      "ulimit -n; ulimit -H -n; ulimit -c", is: "100\n200\n0"),
    Case("no new privileges", "grep ^NoNewPrivs /proc/self/status", is: "NoNewPrivs:\t1"),
    Case(
      "new privileges allowed", ".process.noNewPrivileges = false", "grep ^NoNewPrivs /proc/self/status",
      is: "NoNewPrivs:\t0"),
    Case("out-of-memory score", ".process.oomScoreAdj = 321", "cat /proc/self/oom_score_adj", is: "321"),
    Case("its own session", "cut -d' ' -f6 /proc/1/stat", is: "1"),
    Case(
      "a terminal's size without a terminal", ".process.consoleSize = {height: 7, width: 9}",
      "test -t 0 || echo none", is: "none"),
    Case(
      "what nobody knows", ".x = 1 | .process.x = [] | .linux.x = {} | .mounts[0].x = null | .root.x = true",
      "echo ignored", is: "ignored"),
    Case(
      "a capability of the future", #".process.capabilities |= map_values(. + ["CAP_FUTURE"])"#, "echo ran", is: "ran"),
  ]

  @Test("process", arguments: process) func process(_ entry: Case) throws { try entry.check() }

  /// Apart, as Debian 12's runc 1.1 does not know it.
  @Test("personality", .disabled(if: Host.isControl)) func personality() throws {
    try Case("personality", #".linux.personality = {"domain": "LINUX32"}"#, "uname -m", is: "i686").check()
  }

  /// Without a shell, which changes them; the caller ignores some.
  @Test("signals are neither blocked nor ignored") func signalMasks() throws {
    try withBundle { bundle in
      try bundle.arguments(["/bin/grep", "-e", "^SigBlk", "-e", "^SigIgn", "/proc/self/status"])
      let outcome = try Host.run([
        "sh", "-c", "trap '' HUP QUIT USR1; exec \"$@\"", "sh", Host.program, "--root", bundle.state, "run", "--bundle",
        bundle.directory, bundle.id,
      ])
      #expect(outcome.lines == ["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"], "\(outcome)")
    }
  }

  static let capabilities: [Case] = [
    Case(
      "five sets",
      """
      .process.capabilities = {"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
        "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_CHOWN"],
        "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]}
      | .process.user = {"uid": 1000, "gid": 1000}
      """, "grep ^Cap /proc/self/status",
      is: """
        CapInh:\t0000000000000020
        CapPrm:\t0000000000000020
        CapEff:\t0000000000000020
        CapBnd:\t0000000000000421
        CapAmb:\t0000000000000020
        """),
    Case(
      "nothing inheritable unless asked (CVE-2022-29162)", "grep -e ^CapInh -e ^CapAmb /proc/self/status",
      is: "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000"),
    Case(
      "none", ".process.capabilities = {}", "grep -e ^CapPrm -e ^CapEff -e ^CapBnd /proc/self/status",
      is: "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000"),
    Case(
      "a user has none effective", #".process.user = {"uid": 1000, "gid": 1000}"#,
      "grep -e ^CapPrm -e ^CapEff /proc/self/status", is: "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000"),
  ]

  @Test("capabilities", arguments: capabilities) func capabilities(_ entry: Case) throws { try entry.check() }

  static let surroundings: [Case] = [
    Case(
      "read-only root", ".root.readonly = true", "touch /file 2>/dev/null || echo refused; touch /dev/shm/file",
      is: "refused"),
    Case("writable root", "echo x > /file && cat /file", is: "x"),
    Case(
      "standard devices",
      """
      for d in null zero full random urandom tty; do
        [ -c /dev/$d ] && stat -c '%n %t:%T %a' /dev/$d
      done
      """,
      is: """
        /dev/null 1:3 666
        /dev/zero 1:5 666
        /dev/full 1:7 666
        /dev/random 1:8 666
        /dev/urandom 1:9 666
        /dev/tty 5:0 666
        """),
    Case(
      "links in /dev", "for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done",
      is: "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx"),
    Case(
      "a device node",
      """
      .linux.devices = [{"path": "/dev/mine", "type": "c", "major": 1, "minor": 5, "fileMode": 416, "uid": 7, "gid": 8}]
      """, "stat -c '%t:%T %a %u:%g' /dev/mine", is: "1:5 640 7:8"),
    Case(
      "a pipe outside of /dev",
      #".linux.devices = [{"path": "/tmp/new/pipe", "type": "p", "fileMode": 384, "uid": 7, "gid": 8}]"#,
      "stat -c '%F %a %u:%g' /tmp/new/pipe", is: "fifo 600 7:8"),
    Case(
      "a block device, and a character device by its other name",
      """
      .linux.devices = [{"path": "/dev/b", "type": "b", "major": 7, "minor": 300},
        {"path": "/dev/u", "type": "u", "major": 1, "minor": 5}]
      """, "stat -c '%F %t:%T' /dev/b /dev/u", is: "block special file 7:12c\ncharacter special file 1:5"),
    Case(
      "sysctl", #".linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shmmax": "123456"}"#,
      "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax", is: "1\n123456"),
    Case(
      "masked file reads as nothing", #".linux.maskedPaths = ["/proc/version", "/proc/missing"]"#,
      "cat /proc/version; stat -c %t:%T /proc/version", is: "1:3"),
    Case(
      "masked directory is empty and read-only", #".linux.maskedPaths = ["/proc/fs"]"#,
      "ls /proc/fs | wc -l; touch /proc/fs/x 2>/dev/null || echo refused", is: "0\nrefused"),
    Case("read-only path", "echo 1 2>/dev/null > /proc/sys/net/ipv4/ip_forward || echo refused", is: "refused"),
    Case("only its own network", "ls /sys/class/net", is: "lo"),
    Case("loopback is up", "ip -o link show lo | grep -c ,UP", is: "1"),
    Case("only its own processes", "set -- /proc/[0-9]*; echo $#", is: "1"),
    Case(
      "no mount of the host is visible", "grep -c -v -e ' / / ' -e ' /proc' -e ' /dev' -e ' /sys' /proc/self/mountinfo",
      is: "0", code: 1),
  ]

  @Test("surroundings", arguments: surroundings) func surroundings(_ entry: Case) throws { try entry.check() }

  @Test("standard input and output go through") func pipes() throws {
    try withBundle { bundle in
      let outcome = try bundle.sh("tr a-z A-Z; echo problem >&2", input: "one\ntwo\n")
      #expect(outcome.output == "ONE\nTWO\n")
      #expect(outcome.errors == "problem\n")
      #expect(outcome.code == 0)
    }
  }

  @Test("sockets of a service manager come along, and the program is told") func socketActivation() throws {
    try withBundle { bundle in
      try bundle.script("echo $LISTEN_FDS $LISTEN_PID; cat <&3; cat <&4; cat <&5")
      let files = ["three", "four", "five"].map { text in
        let path = "\(bundle.directory)/\(text)"
        Host.write("\(text)\n", to: path)
        return open(path, O_RDONLY | O_CLOEXEC)
      }
      defer { for file in files { close(file) } }
      // The shell's pid is swiftcr's own after exec, as with a service manager.
      let outcome = try Host.run(
        [
          "sh", "-c", "LISTEN_FDS=2 LISTEN_PID=$$ exec \"$@\"", "sh", Host.program, "--root", bundle.state, "run",
          "--bundle", bundle.directory, bundle.id,
        ], descriptors: [3: files[0], 4: files[1], 5: files[2]])
      #expect(outcome.lines == ["2 1", "three", "four"], "\(outcome)")
      #expect(outcome.errors.contains("5: Bad file descriptor"), "nothing beyond them: \(outcome)")
    }
  }

  @Test("the container of run is gone when it has ended") func gone() throws {
    try withBundle { bundle in
      try #expect(bundle.run().code == 0)
      try #expect(bundle.command("state", bundle.id).code == 1)
    }
  }

  @Test("--keep keeps it, stopped") func keep() throws {
    try withBundle { bundle in
      guard try bundle.command("run", "--help").output.contains("--keep") else { return }
      try #expect(bundle.run("--keep").code == 0)
      try #expect(bundle.state(".status") == "stopped")
    }
  }

  @Test("a signal to run is passed on", arguments: ["TERM", "HUP", "USR1"]) func signals(_ name: String) throws {
    try withBundle { bundle in
      try bundle.script("trap 'echo got \(name); exit 7' \(name); echo ready; while :; do sleep 0.05; done")
      let child = try bundle.spawn("run", "--bundle", bundle.directory, bundle.id)
      try Host.wait(for: "the trap") { child.output.contains("ready") }
      try Host.must("kill", "-\(name)", "\(child.pid)")
      let outcome = try child.wait()
      #expect(outcome.output == "ready\ngot \(name)\n")
      #expect(outcome.code == 7)
    }
  }

  /// Process 1 of a pid namespace takes no deadly signal but KILL, so this one has the host's.
  @Test("128 + n when a signal ends the entrypoint", arguments: [("KILL", 137), ("TERM", 143), ("SEGV", 139)])
  func fatalSignal(_ name: String, _ code: Int32) throws {
    try withBundle(.flat, #".linux.namespaces |= map(select(.type != "pid"))"#) { bundle in
      try bundle.script("echo ready; exec sleep 60")
      let child = try bundle.spawn("run", "--bundle", bundle.directory, bundle.id)
      try Host.wait(for: "running") { child.output == "ready\n" }
      try bundle.must("kill", bundle.id, name)
      try #expect(child.wait().code == code)
    }
  }
}
