import Foundation
import Testing

extension Integration {
  /// Labels that the kernel enforces: `scripts/vm --selinux` has a policy, in which a program may become container_t alone.
  @Suite(.enabled(if: Host.read("/sys/fs/selinux/enforce") == "1", "needs a host where SELinux enforces"))
  struct SELinux {}
}

extension Integration.SELinux {
  private static let label = "system_u:system_r:container_t:s0:c1,c2"
  private static let look = "tr -d '\\0' < /proc/self/attr/current; echo"

  @Test("run and exec have their labels", arguments: [true, false]) func labels(_ noNew: Bool) throws {
    let edit = ".process.selinuxLabel = \"\(Self.label)\" | .process.noNewPrivileges = \(noNew)"
    try withBundle(.flat, edit) { bundle in
      try bundle.start()
      let current = Host.read("/proc/\(try bundle.pid)/attr/current")
      #expect(current.trimmingCharacters(in: ["\0", "\n"]) == Self.label)
      // A process that says nothing of a label has the container's.
      let exec = try bundle.exec("sh", "-c", Self.look)
      #expect(exec.lines == [Self.label], "\(exec)")
      let other = "system_u:system_r:container_t:s0:c0"
      let labelled = try bundle.command("exec", "--process-label", other, bundle.id, "sh", "-c", Self.look)
      #expect(labelled.lines == [other], "\(labelled)")
    }
  }

  @Test(
    "a label that is none, or that may not be had, is one clear error",
    arguments: ["nonsense", "system_u:system_r:nobody_t:s0", "system_u:system_r:forbidden_t:s0"])
  func wrong(_ label: String) throws {
    let isRefusedLate = label.contains("forbidden")
    let says = isRefusedLate ? "permission denied" : "apply SELinux label \(label): invalid argument"
    try withBundle(.flat, ".process.selinuxLabel = \"\(label)\"") { bundle in
      let run = try bundle.sh("echo ran")
      #expect(run.code != 0 && run.output == "", "\(run)")
      if !Host.isControl { #expect(run.errors.contains(says), "\(run)") }
    }
    try withBundle { bundle in
      try bundle.start()
      let exec = try bundle.command("exec", "--process-label", label, bundle.id, "echo", "ran")
      #expect(exec.code != 0 && exec.output == "", "\(exec)")
      if !Host.isControl { #expect(exec.errors.contains(says), "\(exec)") }
    }
  }

  @Test("new file systems have the label of mounts") func mountLabel() throws {
    let label = "system_u:object_r:container_file_t:s0:c1,c2"
    try withBundle(.flat, ".linux.mountLabel = \"\(label)\"") { bundle in
      let outcome = try bundle.sh("grep ' /dev tmpfs ' /proc/mounts; grep -c 'proc .*context' /proc/mounts")
      // The kernel writes it in quotes: it has a comma in it.
      #expect(outcome.lines.first?.contains("context=\"\(label)\"") == true, "\(outcome)")
      #expect(outcome.lines.last == "0", "\(outcome)")
    }
  }
}
