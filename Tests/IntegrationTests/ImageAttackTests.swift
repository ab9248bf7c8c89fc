import Foundation
import Glibc
import Testing

extension Integration {
  /// What hostile images, and volumes that a hostile container shares, did to other runtimes.
  @Suite struct ImageAttack {}
}

extension Integration.ImageAttack {
  /// A tree of the host that links in an image point at, and what it looks like.
  private func withOutside(_ body: (String, () throws -> String) throws -> Void) throws {
    let outside = Host.temporaryDirectory("outside")
    defer { Host.remove(outside) }
    Host.write("as it was", to: "\(outside)/file")
    try body(outside) { try Host.must("find", outside, "-printf", "%p %y %m %u %s %T@ %C@\n") }
  }

  static let paths = [
    "dev", "proc", "sys", "etc", "dev/console", "dev/null", "dev/pts", "dev/shm", "dev/mqueue", "proc/sys", "etc/hosts",
  ]

  /// CVE-2024-45310, CVE-2019-18837: files that the runtime itself makes, mounts on or opens, as links to the host.
  @Test("links in an image do not lead out", arguments: paths) func links(_ path: String) throws {
    try withOutside { outside, tree in
      let before = try tree()
      for target in [outside, "\(outside)/file", "../../../../../..\(outside)/new", "/\(path)"] {
        try withBundle { bundle in
          try bundle.edit(
            #".mounts += [{"destination":"/etc/hosts","type":"bind","source":"/etc/hosts","options":["bind"]}]"#)
          if path.contains("/"), !path.hasPrefix("etc/") {
            // Without its own mount the image's directory is what is there.
            try bundle.edit(".mounts |= map(select(.destination != \"/\(path.split(separator: "/")[0])\"))")
          }
          let place = "\(bundle.rootfs)/\(path)"
          try Host.must(
            "sh", "-c", "mkdir -p $(dirname $1) && rm -rf $1 && ln -s $2 $1", "sh", place, target)
          let outcome = try bundle.sh("echo ran")
          // It runs with the link led back into the root, or says what it would not follow.
          let isTold = outcome.code == 1 && outcome.errors.contains("/\(path.split(separator: "/")[0])")
          #expect(outcome.output == "ran\n" || isTold || Host.isControl, "\(path) -> \(target): \(outcome)")
          #expect(try tree() == before, "\(path) -> \(target)")
        }
      }
    }
  }

  /// CVE-2019-19921, CVE-2023-28642: what has its labels and masks from procfs must be procfs.
  @Test("procfs is not mounted through a link", arguments: ["/elsewhere", "elsewhere", "/proc2/.."]) func procLink(
    _ target: String
  ) throws {
    try withBundle { bundle in
      try Host.must(
        "sh", "-c", "cd $1 && rmdir proc && mkdir elsewhere proc2 && ln -s $2 proc", "sh", bundle.rootfs, target)
      let outcome = try bundle.sh("true")
      #expect(outcome.code == 1 && outcome.errors.contains("/proc"), "\(outcome)")
    }
  }

  /// CVE-2025-31133: a mask that the image brings along hides nothing.
  @Test("the image's /dev/null is no mask", .disabled(if: Host.isControl)) func null() throws {
    try withBundle { bundle in
      try Host.must(
        "sh", "-c", "cd $1 && echo secret > secret && echo hostile > dev/null && rm -f dev/zero", "sh", bundle.rootfs)
      try bundle.edit(
        #".mounts |= map(select(.destination | startswith("/dev") | not)) | .linux.maskedPaths = ["/secret"]"#)
      let outcome = try bundle.sh("cat /secret; stat -c %t:%T /secret")
      #expect(outcome.output == "1:3\n" || outcome.errors.contains("make device /dev/null"), "\(outcome)")
      try Host.must("rm", "-f", "\(bundle.rootfs)/dev/null")
      let clean = try bundle.sh("cat /secret; stat -c %t:%T /secret")
      #expect(clean.output == "1:3\n", "\(clean)")
    }
  }

  /// CVE-2019-16884, CVE-2025-52881: writes to a procfs that is none are lost, or land elsewhere.
  @Test("a sysctl takes effect though /proc is something else", .disabled(if: Host.isControl)) func fakeProc() throws {
    try withBundle { bundle in
      try bundle.edit(
        #".mounts = [{"destination":"/proc","type":"tmpfs","source":"tmpfs"}, {"destination":"/real","type":"proc","source":"proc"}] + (.mounts | map(select(.destination != "/proc"))) | .linux.maskedPaths = [] | .linux.readonlyPaths = [] | .linux.sysctl = {"net.ipv4.ip_default_ttl": "77"}"#
      )
      let outcome = try bundle.sh("cat /real/sys/net/ipv4/ip_default_ttl; ls /proc")
      #expect(outcome.output == "77\n", "\(outcome)")
    }
  }

  /// CVE-2021-30465, CVE-2023-27561: a directory on the way to a destination becomes a link between check and use.
  @Test("a volume whose directories change during starts") func exchange() throws {
    try withOutside { outside, tree in
      let before = try tree()
      try withBundle { bundle in
        let volume = "\(bundle.directory)/volume"
        try Host.must(
          "sh", "-c", "mkdir -p $1/a/x && ln -s ../../../../../../../../..$2 $1/b", "sh", volume, outside)
        try bundle.edit(
          #".mounts += [{"destination":"/vol","type":"bind","source":"\#(volume)","options":["rbind"]}, {"destination":"/vol/a/x","type":"tmpfs","source":"tmpfs"}, {"destination":"/vol/a/y","type":"bind","source":"/etc/hostname","options":["bind"]}]"#
        )
        // renameat2(2) with RENAME_EXCHANGE, as fast as it goes, until this test is over, and 60 s at the most.
        let attacker = try Host.spawn([
          "perl", "-e",
          """
          my $end = time + 60; my ($a, $b) = map { "$ARGV[0]/$_" } qw(a b);
          until (-e "$ARGV[0]/over" || time > $end) { syscall(\(Self.renameat2), -100, $a, -100, $b, 2) for 1 .. 1000 }
          """, volume,
        ])
        try bundle.script("true")
        var ended: Set<Int32> = []
        for _ in 0..<120 { ended.insert(try bundle.run().code) }
        Host.write("", to: "\(volume)/over")
        #expect(try attacker.wait().code == 0)
        #expect(ended.isSubset(of: [0, 1]), "\(ended)")
        #expect(try tree() == before)
        #expect(!Host.read("/proc/self/mountinfo").contains(outside))
      }
    }
  }

  #if arch(x86_64)
  private static let renameat2 = 316
  #else
  private static let renameat2 = 276
  #endif
}
