import Foundation
import Glibc
import Testing

@testable import Kernel

/// How a process ended, for those who do not wait(2) for it.
@Suite struct ProcessExitTests {
  private static func spawn(_ script: String, input: CInt) throws -> pid_t {
    var pid: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = ["sh", "-c", script].map { (word: String) in strdup(word) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, 0)
    try #require(posix_spawn(&pid, "/bin/sh", &actions, nil, &arguments, environ) == 0)
    return pid
  }

  private static var keepsStatus: Bool {
    let version = ProcessInfo.processInfo.operatingSystemVersion
    return (version.majorVersion, version.minorVersion) >= (6, 15)
  }

  @Test(
    arguments: [
      ("exit 0", .exited(0)), ("exit 7", .exited(7)), ("exit 255", .exited(255)), ("kill -9 $$", .signaled(9)),
    ] as [(String, Kernel.ExitStatus)])
  func beforeAndAfterItIsReaped(end: String, status: Kernel.ExitStatus) throws {
    var ends: [CInt] = [0, 0]
    try #require(pipe(&ends) == 0)
    let pid = try Self.spawn("read line; \(end)", input: ends[0])
    var isReaped = false
    defer {
      if !isReaped {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
      }
    }
    let start = try #require(ProcessHandle.startTime(of: pid))
    let opened = try ProcessHandle.open(pid: pid, startTime: start)
    guard let handle = opened else {
      Issue.record("the process has gone")
      return
    }
    // Now that somebody holds it, it may end.
    #expect(write(ends[1], "\n", 1) == 1)
    close(ends[0])
    close(ends[1])
    // Nobody has taken its status.
    #expect(try handle.waitForExit() == status)
    var taken: CInt = 0
    #expect(waitpid(pid, &taken, 0) == pid)
    isReaped = true
    #expect(Kernel.ExitStatus(waitStatus: taken) == status)
    #expect(try handle.waitForExit() == (Self.keepsStatus ? status : nil))
  }

  @Test(
    arguments: [
      (0, .exited(0)), (0x700, .exited(7)), (0xff00, .exited(255)), (9, .signaled(9)), (0x86, .signaled(6)),
    ] as [(Int32, Kernel.ExitStatus)])
  func waitStatuses(number: Int32, status: Kernel.ExitStatus) {
    #expect(Kernel.ExitStatus(waitStatus: number) == status)
  }
}
