import Testing

extension Integration {
  /// What runtime.md demands of the operations and their order, where no other suite shows it.
  @Suite struct Operations {}
}

extension Integration.Operations {
  @Test("what becomes of config.json after create does not matter") func changed() throws {
    try withBundle { bundle in
      let late = "\(bundle.directory)/late"
      try bundle.script("echo first > /ran")
      try bundle.must("create", "--bundle", bundle.directory, bundle.id)
      #expect(!Host.exists("\(bundle.rootfs)/ran"), "nothing runs before start")
      try bundle.script("echo second > /ran")
      for kind in ["startContainer", "poststart", "poststop"] {
        try bundle.edit(#".hooks.\#(kind) = [{"path": "/bin/touch", "args": ["touch", "\#(late)"]}]"#)
      }
      try bundle.must("start", bundle.id)
      try bundle.waitUntilStopped()
      try bundle.must("delete", bundle.id)
      #expect(Host.read("\(bundle.rootfs)/ran") == "first\n")
      #expect(!Host.exists(late))
    }
  }

  /// It could never be started: refused where somebody hears of it, as runc and crun do.
  @Test("a container without a process is not made") func noProcess() throws {
    try withBundle(.flat, "del(.process)") { bundle in
      for command in ["create", "run"] {
        let outcome = try bundle.command(command, "--bundle", bundle.directory, bundle.id)
        #expect(outcome.code == 1 && outcome.errors.contains("process"), "\(outcome)")
      }
    }
  }

  @Test("who has stopped is neither started nor signalled, and its id is free after delete") func stopped() throws {
    try withBundle { bundle in
      for _ in 0..<2 {
        try bundle.start("exit 0")
        try bundle.waitUntilStopped()
        for command in [["start", bundle.id], ["kill", bundle.id, "TERM"], ["pause", bundle.id]] {
          let outcome = try Host.run([Host.program, "--root", bundle.state] + command)
          #expect(outcome.code == 1 && !outcome.errors.isEmpty, "\(command): \(outcome)")
        }
        #expect(try bundle.state(".status") == "stopped")
        try bundle.must("delete", bundle.id)
      }
    }
  }

  @Test("a signal reaches a container that is only created") func killCreated() throws {
    try withBundle { bundle in
      try bundle.script("true")
      try bundle.must("create", "--bundle", bundle.directory, bundle.id)
      try bundle.must("kill", bundle.id, "KILL")
      try bundle.waitUntilStopped()
    }
  }

  @Test("delete leaves a running container as it is") func deleteRunning() throws {
    try withBundle { bundle in
      try bundle.start()
      let pid = try bundle.pid
      let outcome = try bundle.command("delete", bundle.id)
      #expect(outcome.code == 1 && outcome.errors.contains("not stopped"), "\(outcome)")
      #expect(try bundle.state(".status") == "running" && bundle.pid == pid)
    }
  }

  @Test(
    "an operation without its operands is an error",
    arguments: ["state", "create", "start", "kill", "delete"])
  func operands(_ command: String) throws {
    try withBundle { bundle in
      let outcome = try bundle.command(command)
      #expect(outcome.code != 0 && !outcome.errors.isEmpty, "\(outcome)")
    }
  }

  @Test("state has every property of the specification") func state() throws {
    try withBundle(.flat, #".annotations = {"org.example": "yes", "org.example.empty": ""}"#) { bundle in
      try bundle.start()
      let json = try bundle.must("state", bundle.id)
      let found = try Host.must(
        "jq", "-c", "[.ociVersion, .id, .status, (.pid > 0), .bundle, .annotations]", input: json)
      let annotations = #"{"org.example":"yes","org.example.empty":""}"#
      #expect(
        found == #"["1.3.0","\#(bundle.id)","running",true,"\#(bundle.directory)",\#(annotations)]"# + "\n"
          || Host.isControl, "\(json)")
    }
  }

  @Test("without oomScoreAdj it is the caller's") func score() throws {
    try withBundle { bundle in
      try bundle.script("cat /proc/self/oom_score_adj")
      let outcome = try Host.run([
        "sh", "-c", "echo 77 > /proc/self/oom_score_adj; exec \"$@\"", "sh", Host.program, "--root", bundle.state,
        "run", "--bundle", bundle.directory, bundle.id,
      ])
      #expect(outcome.output == "77\n", "\(outcome)")
    }
  }

  /// Each limit as /proc/self/limits has it, and a value that an ordinary root may set: below what it has.
  @Test("every resource limit") func limits() throws {
    let limits = [
      ("AS", "Max address space", 4_000_000_000), ("CORE", "Max core file size", 1),
      ("CPU", "Max cpu time", 100), ("DATA", "Max data size", 3_000_000_000), ("FSIZE", "Max file size", 100_000),
      ("LOCKS", "Max file locks", 12), ("MEMLOCK", "Max locked memory", 4096), ("MSGQUEUE", "Max msgqueue size", 100),
      ("NICE", "Max nice priority", 0), ("NOFILE", "Max open files", 99), ("NPROC", "Max processes", 98),
      ("RSS", "Max resident set", 5_000_000), ("RTPRIO", "Max realtime priority", 0),
      ("RTTIME", "Max realtime timeout", 97), ("SIGPENDING", "Max pending signals", 96),
      ("STACK", "Max stack size", 1_000_000),
    ]
    let entries = limits.map { #"{"type": "RLIMIT_\#($0.0)", "soft": \#($0.2), "hard": \#($0.2)}"# }
    try withBundle(.flat, ".process.rlimits = [\(entries.joined(separator: ","))]") { bundle in
      let outcome = try bundle.sh("cat /proc/self/limits")
      for (name, text, value) in limits {
        let line = outcome.lines.first { $0.hasPrefix(text) } ?? ""
        let words = line.dropFirst(text.count).split(separator: " ")
        #expect(words.prefix(2).map(String.init) == ["\(value)", "\(value)"], "\(name): \(outcome)")
      }
    }
  }

  /// A file of the image where a device should be: anything but the device itself is an error.
  @Test("a device's place that is taken", .disabled(if: Host.isControl), arguments: [true, false])
  func deviceTaken(_ isSame: Bool) throws {
    try withBundle { bundle in
      try bundle.edit(#".linux.devices = [{"path": "/mine", "type": "c", "major": 1, "minor": 5}]"#)
      try Host.must("mknod", "\(bundle.rootfs)/mine", "c", "1", isSame ? "5" : "7")
      let outcome = try bundle.sh("head -c 1 /mine | wc -c")
      #expect(outcome.code == (isSame ? 0 : 1) && outcome.errors.contains("/mine") != isSame, "\(outcome)")
      Host.remove("\(bundle.rootfs)/mine")
      Host.write("text", to: "\(bundle.rootfs)/mine")
      let file = try bundle.sh("cat /mine")
      #expect(file.code == 1 && file.errors.contains("/mine"), "\(file)")
    }
  }

  /// crun's, and runc's: none of them changes what config.json says.
  @Test("annotations of other runtimes are only shown", .disabled(if: Host.isControl)) func peers() throws {
    try withBundle { bundle in
      let names =
        [
          "handler", "seccomp.receiver", "seccomp.plugins", "seccomp_fail_unknown_syscall", "seccomp_bpf_data",
          "keep_original_groups", "pidfd_receiver", "mount_context_type", "systemd.subgroup", "systemd.force_cgroup_v1",
          "delegate-cgroup", "hooks.stdout", "hooks.stderr",
        ].map { "run.oci.\($0)" } + ["org.criu.config", "krun.cpus", "module.wasm.image/variant"]
      for name in names { try bundle.edit(".annotations[\"\(name)\"] = \"\(bundle.directory)/peer\"") }
      try bundle.edit(#".hooks.poststart = [{"path": "/bin/echo", "args": ["echo", "said"]}]"#)
      let outcome = try Host.run([
        "setpriv", "--groups", "5,29", Host.program, "--root", bundle.state, "run", "--bundle", bundle.directory,
        bundle.id,
      ])
      #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome)")
      try bundle.start()
      #expect(try bundle.exec("grep", "^Groups:", "/proc/self/status").output == "Groups:\t \n")
      #expect(try bundle.state(".annotations | length") == "\(names.count)")
      #expect(!Host.exists("\(bundle.directory)/peer"))
    }
  }

  /// What `features` says is recognized: each name in a configuration of its own, which `plan` has to take.
  @Test("features promises nothing that is not taken", .disabled(if: Host.isControl)) func features() throws {
    try withBundle { bundle in
      let features = try bundle.must("features")
      func names(_ path: String) throws -> [String] {
        let found = try Host.must("jq", "-r", "\(path)[]", input: features).split(separator: "\n").map(String.init)
        try #require(!found.isEmpty, "\(path)")
        return found
      }
      let plain = Host.read(bundle.configuration)
      func check(_ edit: String) throws {
        Host.write(plain, to: bundle.configuration)
        try bundle.edit(edit)
        let outcome = try bundle.command("plan", "--bundle", bundle.directory)
        #expect(outcome.code == 0 && !outcome.errors.contains("unknown"), "\(edit): \(outcome)")
      }
      for path in [".ociVersionMin", ".ociVersionMax"] {
        try check(".ociVersion = " + Host.must("jq", path, input: features))
      }
      for hook in try names(".hooks") { try check(".hooks.\(hook) = [{\"path\": \"/x\"}]") }
      let options = try Host.must("jq", "-c", ".mountOptions", input: features)
      try check(
        ".mounts += (\(options) | map({\"destination\": \"/m\", \"type\": \"tmpfs\", \"source\": \"/\", \"options\": [., \"bind\"]}))"
          + #"| .linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 9, "size": 9}]"#
          + "| .linux.gidMappings = .linux.uidMappings")
      for kind in try names(".linux.namespaces") {
        let joined = #"[{"type": "\#(kind)", "path": "/x"}]"#
        try check("del(.hostname) | .linux.namespaces |= map(select(.type != \"\(kind)\")) + \(joined)")
      }
      let capabilities = try Host.must("jq", "-c", ".linux.capabilities", input: features)
      try check(".process.capabilities = {\"bounding\": \(capabilities)}")
      for (path, property, others) in [
        (".linux.seccomp.actions", "defaultAction", ""),
        (".linux.seccomp.supportedFlags", "flags", #""defaultAction": "SCMP_ACT_ALLOW", "#),
      ] {
        for name in try names(path) where name != "SCMP_ACT_NOTIFY" && !name.hasSuffix("KILLABLE_RECV") {
          let value = property == "defaultAction" ? "\"\(name)\"" : "[\"\(name)\"]"
          try check(".linux.seccomp = {\(others)\"\(property)\": \(value)}")
        }
      }
      for name in try names(".linux.seccomp.operators") {
        try check(
          #".linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "#
            + #""args": [{"index": 0, "value": 1, "valueTwo": 1, "op": "\#(name)"}]}]}"#)
      }
      let facts = try Host.must(
        "jq", "-c",
        """
        [.ociVersionMin, .ociVersionMax, (.linux | .cgroup.v1, .cgroup.v2, .cgroup.rdma, .seccomp.enabled,
          .intelRdt.enabled, .mountExtensions.idmap.enabled, .netDevices.enabled), .potentiallyUnsafeConfigAnnotations[0]]
        """, input: features)
      #expect(facts == #"["1.0.0","1.3.0",true,true,true,true,false,true,true,"io.swiftcr."]"# + "\n")
      for mode in try names(".linux.memoryPolicy.modes") {
        try check(".linux.memoryPolicy = {\"mode\": \"\(mode)\", \"nodes\": \"0\"}")
      }
      for flag in try names(".linux.memoryPolicy.flags") {
        try check(".linux.memoryPolicy = {\"mode\": \"MPOL_BIND\", \"nodes\": \"0\", \"flags\": [\"\(flag)\"]}")
      }
    }
  }
}
