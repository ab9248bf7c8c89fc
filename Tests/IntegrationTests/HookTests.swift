import Testing

extension Integration {
  /// Hooks: where each kind runs, in which order, and what its failure does (runtime.md, "Lifecycle").
  @Suite(.disabled(if: Host.isControl, "runc 1.1 words and orders some of it otherwise")) struct Hooks {}
}

extension Integration.Hooks {
  static let kinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]

  private func hook(_ script: String, timeout: Int? = nil) -> String {
    let limit = timeout.map { ", \"timeout\": \($0)" } ?? ""
    return
      #"{"path": "/bin/sh", "args": ["sh", "-c", "\#(script)"], "env": ["PATH=/bin:/usr/bin", "OWN=yes"]\#(limit)}"#
  }

  @Test("the order, the status, the environment", arguments: [["run"], ["create"]]) func order(_ command: [String])
    throws
  {
    try withBundle { bundle in
      // The log is bound into the container, for the kinds that run in there.
      let log = "\(bundle.directory)/log"
      Host.write("", to: log)
      try bundle.edit(
        #".mounts += [{"destination": "\#(log)", "type": "bind", "source": "\#(log)", "options": ["bind"]}]"#)
      try Host.must("mkdir", "-p", "\(bundle.rootfs)\(bundle.directory)")
      for kind in Self.kinds {
        let text = hook(#"echo \#(kind) $OWN $(grep -o '\"status\":\"[a-z]*\"') >> \#(log)"#)
        try bundle.edit(".hooks.\(kind) = [\(text)]")
      }
      try bundle.script("echo program >> \(log)")
      if command == ["run"] {
        #expect(try bundle.run().code == 0)
      } else {
        try bundle.must("create", "--bundle", bundle.directory, bundle.id)
        #expect(Host.read(log).split(separator: "\n").count == 3, "none of start's before start")
        try bundle.must("start", bundle.id)
        try bundle.waitUntilStopped()
        try bundle.must("delete", bundle.id)
      }
      let lines = Host.read(log).split(separator: "\n").map(String.init)
      let early = [
        #"prestart yes "status":"creating""#, #"createRuntime yes "status":"creating""#,
        #"createContainer yes "status":"created""#, #"startContainer yes "status":"created""#,
      ]
      #expect(Array(lines.prefix(4)) == early, "\(lines)")
      // The program and poststart run side by side.
      #expect(Set(lines[4..<6].map { $0.split(separator: " ")[0] }) == ["program", "poststart"], "\(lines)")
      #expect(lines.last == #"poststop yes "status":"stopped""#, "\(lines)")
    }
  }

  @Test("createContainer: the host's program, the container's mounts, before the root is changed")
  func createContainer()
    throws
  {
    try withBundle { bundle in
      try bundle.edit(
        ".hooks.createContainer = ["
          + hook(
            "for n in mnt uts; do readlink /proc/self/ns/$n; done > \(bundle.rootfs)/ns; grep -c \(bundle.rootfs)/proc /proc/mounts > \(bundle.rootfs)/seen"
          )
          + "]")
      let outcome = try bundle.sh("for n in mnt uts; do readlink /proc/self/ns/$n; done")
      #expect(Host.read("\(bundle.rootfs)/ns") == outcome.output, "\(outcome)")
      #expect(Host.read("\(bundle.rootfs)/seen") != "0\n", "its mounts are there")
    }
  }

  @Test("startContainer: the container's own program, before the entrypoint") func startContainer() throws {
    try withBundle { bundle in
      try Host.must("sh", "-c", "cp $0/bin/busybox $0/only-inside", bundle.rootfs)
      try bundle.edit(
        #".hooks.startContainer = [{"path": "/only-inside", "args": ["sh", "-c", "echo hook $$ > /order"]}]"#)
      let outcome = try bundle.sh("cat /order; echo program $$")
      #expect(outcome.lines.last == "program 1" && outcome.lines.first?.hasPrefix("hook ") == true, "\(outcome)")
    }
  }

  /// runtime.md, steps 3 to 9: an error, the container stops and is destroyed, and then come the poststop hooks.
  @Test("a failure ends the start, and poststop follows", arguments: kinds.prefix(5), [["run"], ["create", "start"]])
  func failure(_ kind: String, _ commands: [String]) throws {
    try withBundle { bundle in
      let log = "\(bundle.directory)/log"
      try bundle.edit(".hooks.\(kind) = [\(hook("exit 3")), \(hook("echo next >> \(log)"))]")
      try bundle.edit(".hooks.poststop = [\(hook("echo poststop >> \(log)"))]")
      try bundle.script("touch /ran; while :; do sleep 0.1; done")
      var outcome = Outcome(code: 0, output: "", errors: "")
      for command in commands where outcome.code == 0 {
        let bundleOption = command == "start" ? [] : ["--bundle", bundle.directory]
        outcome = try Host.run([Host.program, "--root", bundle.state, command] + bundleOption + [bundle.id])
      }
      #expect(outcome.code == 1 && outcome.errors.contains(kind), "\(outcome)")
      #expect(outcome.errors.contains("exit status 3"), "\(outcome)")
      #expect(kind == "poststart" || !Host.exists("\(bundle.rootfs)/ran"))
      #expect(try bundle.must("list", "--quiet") == "", "destroyed")
      #expect(Host.read(log) == "poststop\n")
    }
  }

  @Test("a hook that hangs is ended", arguments: kinds.prefix(4)) func hang(_ kind: String) throws {
    try withBundle { bundle in
      try bundle.edit(".hooks.\(kind) = [\(hook("while :; do sleep 0.1; done", timeout: 1))]")
      let outcome = try bundle.sh("touch /ran")
      #expect(outcome.code == 1 && outcome.errors.contains(kind), "\(outcome)")
      #expect(
        outcome.errors.contains("hook ran past specified timeout of 1.0s") && !Host.exists("\(bundle.rootfs)/ran"),
        "\(outcome)")
    }
  }

  @Test("a failure after its end is only told, and the others run") func late() throws {
    try withBundle { bundle in
      let second = "\(bundle.directory)/second"
      try bundle.edit(".hooks.poststop = [\(hook("exit 3")), \(hook("echo > \(second)"))]")
      let outcome = try bundle.sh("echo ran")
      #expect(outcome.code == 0 && outcome.output == "ran\n", "\(outcome)")
      #expect(outcome.errors.contains("poststop") && outcome.errors.contains("exit status 3"), "\(outcome)")
      #expect(Host.exists(second))
    }
  }

  @Test("the namespaces of each kind") func places() throws {
    try withBundle { bundle in
      let show = "for n in mnt uts ipc; do readlink /proc/self/ns/$n; done >"
      let onHost = Self.kinds.filter { !$0.hasSuffix("Container") }
      for kind in onHost {
        try bundle.edit(".hooks.\(kind) = [\(hook("\(show) \(bundle.directory)/\(kind)"))]")
      }
      try bundle.edit(".hooks.startContainer = [\(hook("\(show) /inside"))]")
      #expect(try bundle.sh("\(show) /program").code == 0)
      let host = try Host.must("sh", "-c", "\(show) /dev/stdout")
      for kind in onHost { #expect(Host.read("\(bundle.directory)/\(kind)") == host, "\(kind)") }
      let program = Host.read("\(bundle.rootfs)/program")
      #expect(Host.read("\(bundle.rootfs)/inside") == program && program != host && !program.isEmpty)
    }
  }

  @Test("a hook that is not there") func missing() throws {
    try withBundle { bundle in
      for kind in Self.kinds.prefix(4) {
        try bundle.edit(".hooks = {\(kind): [{\"path\": \"/not/there\"}]}")
        let outcome = try bundle.run()
        #expect(outcome.code == 1 && outcome.errors.contains("/not/there"), "\(kind): \(outcome)")
      }
    }
  }
}
