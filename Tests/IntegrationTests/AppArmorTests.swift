import Foundation
import Testing

extension Integration {
  /// Profiles that the kernel enforces; the virtual machine's does (docs/testing.md).
  @Suite(.enabled(if: Host.hasAppArmor, "needs a kernel with AppArmor, and apparmor_parser")) struct AppArmor {}
}

extension Integration.AppArmor {
  /// Loads a profile that denies one file, and unloads it.
  private func withProfile(_ body: (String) throws -> Void) throws {
    let name = "swiftcr-test-\(getpid())"
    let profile = """
      profile \(name) flags=(attach_disconnected,mediate_deleted) {
        file, capability, network, signal, ptrace,
        deny /etc/denied r,
      }
      """
    try Host.must("apparmor_parser", "--skip-cache", "--replace", input: profile)
    defer { _ = try? Host.must("apparmor_parser", "--remove", input: profile) }
    try body(name)
  }

  @Test("run and exec are confined by the profile", arguments: [true, false]) func confined(_ noNew: Bool) throws {
    try withProfile { name in
      try withBundle(.flat, ".process.apparmorProfile = \"\(name)\" | .process.noNewPrivileges = \(noNew)") { bundle in
        let look = "cat /proc/self/attr/current; cat /etc/denied 2>/dev/null || echo denied"
        Host.write("secret", to: "\(bundle.rootfs)/etc/denied")
        try bundle.start("\(look); while :; do sleep 0.1; done")
        #expect(try Host.read("/proc/\(bundle.pid)/attr/current") == "\(name) (enforce)\n")
        let exec = try bundle.exec("sh", "-c", look)
        #expect(exec.output == "\(name) (enforce)\ndenied\n", "\(exec)")

        // A process that says nothing of a profile has the container's.
        let file = "\(bundle.directory)/process.json"
        let process = try Host.must(
          "jq", ".process | del(.apparmorProfile) | .args = [\"cat\", \"/proc/self/attr/current\"]",
          bundle.configuration)
        Host.write(process, to: file)
        let other = try bundle.command("exec", "--process", file, bundle.id)
        #expect(other.output == "\(name) (enforce)\n", "\(other)")
        let free = try bundle.command("exec", "--apparmor", "unconfined", bundle.id, "cat", "/proc/self/attr/current")
        #expect(free.output == "unconfined\n", "\(free)")
      }
    }
  }

  @Test("a profile that is not loaded is one clear error, for run and exec", .disabled(if: Host.isControl))
  func unknown() throws {
    try withBundle { bundle in
      try bundle.start()
      let says = "swiftcr: unable to start container process: apply AppArmor profile none: no such file or directory\n"
      let exec = try bundle.command("exec", "--apparmor", "none", bundle.id, "true")
      #expect(exec.code == 255 && exec.errors == says, "\(exec)")
    }
    try withBundle(.flat, ".process.apparmorProfile = \"none\"") { bundle in
      let run = try bundle.sh("true")
      #expect(
        run.code == 1
          && run.errors
            == "swiftcr: unable to start container process: apply AppArmor profile none: no such file or directory\n",
        "\(run)")
    }
  }
}
