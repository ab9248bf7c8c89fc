import Foundation
import Glibc
import OCI
import Testing

@testable import Kernel

/// The manager of a system that systemd runs; scripts/vm can be one.
@Suite(
  .serialized,
  .enabled(
    if: geteuid() == 0 && access("/run/systemd/private", F_OK) == 0, "needs root, and a system that systemd runs"))
struct SystemdManagerTests {
  private static let deadline = Deadline(milliseconds: 60_000)

  @Test func startsChangesAndStopsAScope() throws {
    var pid: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = ["sleep", "300"].map { (word: String) in strdup(word) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    // The test's threads block SIGTERM, with which systemd stops a scope; a child would inherit that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    try #require(posix_spawn(&pid, "/bin/sleep", nil, &attributes, &arguments, environ) == 0)
    defer {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
    let unit = try SystemdUnit.named(cgroupsPath: "swcrtest-a.slice:p:\(getpid())", id: "", isUser: false)
    var manager = try SystemdManager.open(.system, deadline: Self.deadline)
    var resources = Resources()
    resources.pids = 77
    let properties = try SystemdProperties(resources, unified: true)
    try manager.start(unit, process: pid, properties, description: "swiftcr test", deadline: Self.deadline)
    let place = try unit.placement(host: CgroupHost.detect(), root: "/")
    let path = try #require(place.unified?.path ?? place.directory(of: "pids")?.path)
    #expect(try Cgroup.processes(in: path) == [pid])
    #expect(try cgroupWords("\(path)/pids.max") == ["77"])
    resources.pids = 88
    try manager.set(SystemdProperties(resources, unified: true), of: unit, deadline: Self.deadline)
    #expect(try cgroupWords("\(path)/pids.max") == ["88"])
    // The name is taken: systemd's own words come through.
    #expect(throws: SystemError.self) {
      try manager.start(unit, process: pid, properties, description: "", deadline: Self.deadline)
    }
    try manager.stop(unit, deadline: Self.deadline)
    #expect(access(path, F_OK) != 0)
    // One that has gone is no failure.
    try manager.stop(unit, deadline: Self.deadline)
  }
}
