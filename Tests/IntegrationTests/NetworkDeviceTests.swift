import Testing

extension Integration {
  /// Network devices of the host that a container gets. The devices are made in a network namespace that stands for
  /// the host's.
  @Suite(.disabled(if: Host.isControl)) struct NetworkDevice {}
}

extension Integration.NetworkDevice {
  /// Runs swiftcr where a device `name` with two addresses is, and a script while the device's peer is still there.
  private func run(_ bundle: Bundle, _ name: String, after script: String = ":") throws -> Outcome {
    try Host.run([
      "unshare", "--net", "sh", "-ec",
      """
      ip link add \(name) type veth peer name peer
      ip address add 192.0.2.7/24 dev \(name)
      ip -6 address add 2001:db8::7/64 dev \(name) nodad
      "$@" || code=$?
      \(script)
      ip link show \(name) >/dev/null 2>&1 && echo 'still on the host'
      exit ${code:-0}
      """, "sh", Host.program, "--root", bundle.state, "run", "--bundle", bundle.directory, bundle.id,
    ])
  }

  @Test("it comes with its addresses, up, under its new name") func moved() throws {
    try withBundle { bundle in
      try bundle.edit(#".linux.netDevices = {"swcr0": {"name": "inside"}}"#)
      try bundle.script(
        "cat /sys/class/net/inside/flags; ip -o address show inside | grep -o 'inet6\\? [^ ]*' | grep -v fe80")
      let outcome = try run(bundle, "swcr0")
      #expect(outcome.lines.dropFirst() == ["inet 192.0.2.7/24", "inet6 2001:db8::7/64"], "\(outcome)")
      let flags = outcome.lines.first.flatMap { Int($0.dropFirst(2), radix: 16) } ?? 0
      #expect(flags & 1 == 1, "up: \(outcome)")
    }
  }

  @Test("it keeps its name, and hooks see it inside") func hooks() throws {
    try withBundle { bundle in
      try bundle.edit(
        #".linux.netDevices = {"swcr1": {}} | .hooks = {"createContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "grep -q swcr1 /proc/net/dev"]}]}"#
      )
      try bundle.script("test -d /sys/class/net/swcr1")
      let outcome = try run(bundle, "swcr1")
      #expect(outcome.code == 0 && outcome.output.isEmpty, "\(outcome)")
    }
  }

  @Test("a name with %d is completed by the kernel") func template() throws {
    try withBundle { bundle in
      try bundle.edit(#".linux.netDevices = {"swcr4": {"name": "pod%d"}}"#)
      try bundle.script("ls /sys/class/net")
      let outcome = try run(bundle, "swcr4")
      #expect(outcome.lines == ["lo", "pod0"], "\(outcome)")
    }
  }

  /// Whoever made the namespace has the device then.
  @Test("it stays in a joined namespace when the container ends") func stays() throws {
    try withBundle { bundle in
      let network = try HeldNetwork()
      try bundle.edit(
        #"""
        .linux.netDevices = {"swcr5": {"name": "inside"}}
        | .linux.namespaces |= map(if .type == "network" then .path = "\#(network.path)" else . end)
        """#)
      let look = "nsenter --net=\(network.path) ip link show inside"
      let outcome = try withExtendedLifetime(network) {
        try run(bundle, "swcr5", after: "\(look) >/dev/null && echo stays")
      }
      #expect(outcome.code == 0 && outcome.output == "stays\n", "\(outcome)")
    }
  }

  @Test("a device that is not there, and a name that is taken") func errors() throws {
    try withBundle { bundle in
      try bundle.edit(#".linux.netDevices = {"swcr9": {}}"#)
      let missing = try run(bundle, "swcr2")
      #expect(missing.code == 1 && missing.errors.contains("find network device swcr9: no such device"), "\(missing)")
      try bundle.edit(#".linux.netDevices = {"swcr3": {"name": "lo"}}"#)
      let taken = try run(bundle, "swcr3")
      #expect(taken.code == 1 && taken.errors.contains("move network device swcr3: file exists"), "\(taken)")
      #expect(taken.output == "still on the host\n", "\(taken)")
    }
  }
}
