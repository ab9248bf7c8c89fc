import Foundation
import Testing

extension Integration {
  /// What only a pure cgroup v2 host shows; the virtual machine is one (docs/testing.md).
  @Suite(.enabled(if: Host.isUnified, "needs cgroup v2 with all controllers")) struct Unified {}
}

extension Integration.Unified {
  private static let writable =
    #"(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) |= map(select(. != "ro"))"#

  @Test("exec goes where the container's process is when the container gives controllers to its own cgroups")
  func nested() throws {
    try withBundle(.flat, Self.writable) { bundle in
      try bundle.start(
        """
        cd /sys/fs/cgroup && mkdir -p leaf/deeper && echo 1 > leaf/cgroup.procs &&
        echo +memory +pids > cgroup.subtree_control && : > /done; while :; do sleep 0.1; done
        """)
      try Host.wait(for: "the cgroup below") { Host.exists("\(bundle.rootfs)/done") }
      let exec = try bundle.exec("cat", "/proc/self/cgroup")
      #expect(exec.output == "0::/leaf\n", "\(exec)")
      let other = try bundle.command("exec", "--cgroup", "leaf/deeper", bundle.id, "cat", "/proc/self/cgroup")
      #expect(other.output == "0::/leaf/deeper\n", "\(other)")
    }
  }

  @Test("every limit is in its file")
  func limits() throws {
    try withBundle(
      .flat,
      """
      .linux.resources += {
        "memory": {"limit": 67108864, "swap": 134217728, "reservation": 33554432}, "pids": {"limit": 50},
        "cpu": {"quota": 50000, "period": 100000, "cpus": "0", "mems": "0"},
        "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}],
        "unified": {"memory.high": "60000000", "cgroup.max.depth": "5", "memory.oom.group": "1"}
      }
      """
    ) { bundle in
      try bundle.start()
      let directory = try bundle.cgroup("memory")
      for (file, value) in [
        ("memory.max", "67108864"), ("memory.low", "33554432"), ("memory.high", "59998208"), ("memory.oom.group", "1"),
        ("pids.max", "50"), ("cpu.max", "50000 100000"), ("cpuset.cpus", "0"), ("cpuset.mems", "0"),
        ("hugetlb.2MB.max", "4194304"), ("cgroup.max.depth", "5"),
      ] {
        #expect(Host.read("\(directory)/\(file)") == "\(value)\n", "\(file)")
      }
    }
  }

  @Test("a weight, and idle", .disabled(if: Host.isControl, "Debian 12's runtimes do not know idle"))
  func idle() throws {
    try withBundle(.flat, #".linux.resources += {"cpu": {"shares": 2048, "idle": 1}}"#) { bundle in
      try bundle.start()
      #expect(try bundle.limit("cpu", "cpu.idle", "cpu.idle") == "1")
      try bundle.must("update", "--cpu-idle", "0", "--cpu-share", "2", bundle.id)
      #expect(try bundle.limit("cpu", "cpu.idle", "cpu.idle") == "0")
      #expect(try bundle.limit("cpu", "cpu.weight", "cpu.weight") == "1")
    }
  }

  @Test("a limit that is too low to start says so", .disabled(if: Host.isControl)) func tooLow() throws {
    try withBundle(.flat, #".linux.resources.memory = {"limit": 4096}"#) { bundle in
      let outcome = try bundle.sh("true")
      #expect(outcome.code == 1 && outcome.errors.contains("killed for lack of memory"), "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
    }
  }

  @Test("a device that no rule allows cannot be opened", .disabled(if: Host.isControl)) func devices() throws {
    // Made by the host, for a container that may not make it itself.
    try withBundle(.flat, #".linux.resources.devices = [{"allow": false, "access": "rwm"}]"#) { bundle in
      try Host.must("mknod", "\(bundle.rootfs)/kmsg", "c", "1", "11")
      try Host.must("mknod", "\(bundle.rootfs)/zero", "c", "1", "5")
      let outcome = try bundle.sh("head -c 1 /kmsg || echo refused; head -c 1 /zero | wc -c")
      #expect(outcome.output == "refused\n1\n", "\(outcome)")
    }
  }
}
