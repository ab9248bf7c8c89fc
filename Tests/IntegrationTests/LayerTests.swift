import Foundation
import Testing

extension Integration {
  /// Layers as overlayfs lowerdirs, and the container layer on top.
  @Suite(.disabled(if: Host.isControl, "only swiftcr knows layers")) struct Layers {}
}

extension Integration.Layers {
  static let merged: [Case] = [
    Case(
      "a file of the topmost layer that has it", "cat /etc/greeting /data/b", is: "hello from layer 2\nb, from layer 2"),
    Case("a whiteout hides a file", "ls /etc/secret 2>/dev/null || echo hidden", is: "hidden"),
    Case("a whiteout hides a directory", "ls /srv", is: ""),
    Case("an opaque directory hides what is below", "ls /opt/tool", is: "README\nversion-2"),
    Case("the others are merged", "ls /data", is: "a\nb\nkept"),
    Case("the root is an overlay", "grep -c ' / overlay ' /proc/mounts", is: "1"),
    Case("nothing can be written through to a layer", "grep -c ' / overlay .*,upperdir=' /proc/mounts", is: "1"),
  ]

  @Test("merged view", arguments: merged) func merged(_ entry: Case) throws { try entry.check(.layers) }

  @Test("a container that changes everything leaves its layers as they were") func untouched() throws {
    let before = try Leftovers.fingerprint(of: Bundle.layers)
    try withBundle(.layers) { bundle in
      let outcome = try bundle.sh(
        """
        chmod 700 /etc /data; chown 5:5 /data/a; echo x >> /etc/greeting; rm -rf /opt /data/kept; mv /data/b /b
        touch -d @0 /app/hello; ln /etc/passwd /etc/linked; mkdir /opt; mknod /null c 1 3; echo done
        """)
      #expect(outcome.output == "done\n", "\(outcome)")
    }
    #expect(try Leftovers.fingerprint(of: Bundle.layers) == before)
  }

  @Test("two containers from the same layers do not see each other's changes") func copyOnWrite() throws {
    try withBundle(.layers) { first in
      try first.start()
      try withBundle(.layers) { second in
        try second.start()
        #expect(try first.exec("sh", "-c", "echo mine > /etc/greeting; rm /data/a").code == 0)
        #expect(try first.exec("cat", "/etc/greeting").output == "mine\n")
        #expect(try second.exec("cat", "/etc/greeting", "/data/a").output == "hello from layer 2\na, from layer 1\n")
      }
    }
  }

  @Test("in a user namespace whiteouts, opaque directories and owners are right") func userNamespace() throws {
    let before = try Leftovers.fingerprint(of: Bundle.layers)
    try withBundle(.layers, options: ["--userns"]) { bundle in
      let outcome = try bundle.sh(
        """
        ls /etc/secret /srv/gone 2>/dev/null; ls /opt/tool; stat -c %u /etc/greeting /home/user/file
        echo new > /etc/new; stat -c %u:%g /etc/new; cat /proc/self/uid_map | tr -s ' '; id -u
        """)
      #expect(
        outcome.lines == ["README", "version-2", "0", "1000", "0:0", " 0 100000 65536", "0"], "\(outcome)")
    }
    #expect(try Leftovers.fingerprint(of: Bundle.layers) == before)
  }

  @Test("an upper in memory, with a limit") func memory() throws {
    try withBundle(.layers, options: ["--upper", "tmpfs", "--size", "262144"]) { bundle in
      let outcome = try bundle.sh("dd if=/dev/zero of=/big bs=1024 count=1000 2>&1 | grep -c 'No space left'")
      #expect(outcome.output == "1\n", "\(outcome)")
    }
  }

  @Test("many layers", arguments: [10, 128, 500]) func many(_ count: Int) throws {
    let chain = Host.temporaryDirectory("chain")
    defer { Host.remove(chain) }
    try Host.must(Host.fixture("layers"), "\(chain)/layers", "--more", "\(count - 3)")
    try withBundle(.layers, options: ["--layers", "\(chain)/layers"]) { bundle in
      let outcome = try bundle.sh("cat /more/top; ls /more | wc -l")
      #expect(outcome.lines == ["the top one is layer \(count)", "\(count - 2)"], "\(outcome)")
    }
  }

  /// Linux 5.15 to 6.12 mount the overlay by mount(2), whose options have 4,096 bytes.
  @Test("as an older kernel has to mount them", arguments: [3, 500], [false, true])
  func olderKernel(_ count: Int, _ isMapped: Bool) throws {
    let chain = Host.temporaryDirectory("chain")
    defer { Host.remove(chain) }
    try Host.must(Host.fixture("layers"), "\(chain)/layers", "--more", "\(count - 3)")
    let options = ["--layers", "\(chain)/layers"] + (isMapped ? ["--userns"] : [])
    try withBundle(.layers, options: options) { bundle in
      try bundle.script(
        "grep -c ' / overlay .*lowerdir=[0-9]*:' /proc/mounts; ls /opt/tool; stat -c %u /home/user/file /")
      let outcome = try bundle.run(environment: ["SWIFTCR_KERNEL": "5.15"])
      #expect(outcome.lines == ["1", "README", "version-2", "1000", "0"], "\(outcome)")
    }
  }

  @Test("--layer takes the place of the annotation") func option() throws {
    try withBundle(.layers) { bundle in
      try bundle.script("ls /app /etc/motd 2>/dev/null; cat /etc/greeting")
      let outcome = try bundle.run("--layer", "\(Bundle.layers)/1")
      #expect(outcome.output == "hello from layer 1\n", "\(outcome)")
    }
  }
}
