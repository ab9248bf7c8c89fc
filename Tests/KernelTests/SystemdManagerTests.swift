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
    // Not with the signals that the test's threads block: SIGTERM is how systemd stops a scope.
    let pid = try HostProgram.start("sleep", ["300"])
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
