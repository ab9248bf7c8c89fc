import Foundation
import Testing

extension Integration {
  /// `wait`: how a container ended, for those who are not its parent.
  @Suite(.disabled(if: Host.isControl, "runc has no wait")) struct Wait {}
}

extension Integration.Wait {
  @Test(
    "the exit code is printed",
    arguments: [("exit 0", "0"), ("exit 7", "7"), ("exit 255", "255"), ("exec /killed", "137")])
  func code(_ end: String, _ code: String) throws {
    try withBundle { bundle in
      // Its end is this test's doing, and comes when somebody waits.
      try bundle.start("while [ ! -e /tmp/go ]; do sleep 0.01; done; \(end == "exec /killed" ? "sleep 1000" : end)")
      let wait = try bundle.spawn("wait", bundle.id)
      // It has the container's process open as soon as it polls.
      try Host.wait(for: "somebody waits") { try bundle.isPolling(wait.pid) }
      if end == "exec /killed" {
        try bundle.must("kill", bundle.id, "KILL")
      } else {
        #expect(try bundle.exec("touch", "/tmp/go").code == 0)
      }
      let outcome = try wait.wait()
      if !Host.isKernel(atLeast: 6, 15), outcome.code == 1 {
        // Its parent was faster; what is not known is not guessed.
        #expect(outcome.output == "", "\(outcome)")
        #expect(outcome.errors.contains("only its parent hears of it before Linux 6.15"), "\(outcome)")
        return
      }
      #expect(outcome.code == 0 && outcome.output == "\(code)\n" && outcome.errors.isEmpty, "\(outcome)")
    }
  }

  @Test("one that has stopped cannot be waited for") func late() throws {
    try withBundle { bundle in
      try bundle.start()
      try bundle.must("kill", bundle.id, "KILL")
      try bundle.waitUntilStopped()
      let outcome = try bundle.command("wait", bundle.id)
      #expect(outcome.code == 1 && outcome.errors.contains("has stopped already"), "\(outcome)")
      #expect(try bundle.command("wait", "never-was").code == 1)
    }
  }
}

extension Bundle {
  /// Whether a process waits in poll(2) for a pidfd.
  fileprivate func isPolling(_ pid: pid_t) throws -> Bool {
    let call = Host.read("/proc/\(pid)/syscall").split(separator: " ").first
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
    let hasHandle = files.contains { file in
      let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(file)")) ?? ""
      return target.contains("pidfd")
    }
    // poll and ppoll of x86-64 and arm64.
    return hasHandle && ["7", "271", "73"].contains(call.map(String.init) ?? "")
  }
}
