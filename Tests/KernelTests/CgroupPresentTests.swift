import OCI
import Testing

@testable import Kernel

/// What `update` writes on cgroup v2, where one file holds what the specification sets apart.
@Suite struct CgroupPresentTests {
  static func present(_ files: [String: [String]]) throws -> CgroupPresent {
    try CgroupPresent(words: { (file) throws(SystemError) in files[file] ?? [] })
  }

  struct Case: Sendable {
    var files: [String: [String]]
    var limit: Int64?
    var swap: Int64?
    var quota: Int64?
    var period: UInt64?
    var writes: [String]
  }

  @Test(arguments: [
    Case(files: ["cpu.max": ["50000", "200000"]], quota: 1000, writes: ["cpu.max=1000 200000"]),
    Case(files: ["cpu.max": ["50000", "200000"]], period: 1000, writes: ["cpu.max=50000 1000"]),
    Case(files: ["cpu.max": ["max", "200000"]], period: 1000, writes: ["cpu.max=max 1000"]),
    Case(files: ["cpu.max": ["50000", "200000"]], quota: -1, writes: ["cpu.max=max 200000"]),
    Case(files: ["cpu.max": ["50000", "200000"]], quota: 7000, period: 9000, writes: ["cpu.max=7000 9000"]),
    // The specification's swap holds the memory: half as much memory leaves more of it to swap.
    Case(
      files: ["memory.max": ["8192"], "memory.swap.max": ["4096"]], limit: 4096,
      writes: ["memory.swap.max=8192", "memory.max=4096"]),
    Case(files: ["memory.max": ["8192"], "memory.swap.max": ["max"]], limit: 4096, writes: ["memory.max=4096"]),
    Case(files: ["memory.max": ["8192"]], limit: 4096, writes: ["memory.max=4096"]),
    Case(
      files: ["memory.max": ["8192"], "memory.swap.max": ["4096"]], swap: 8192,
      writes: ["memory.swap.max=0", "memory.max=8192"]),
    Case(
      files: ["memory.max": ["8192"], "memory.swap.max": ["4096"]], limit: -1,
      writes: ["memory.swap.max=max", "memory.max=max"]),
  ])
  func merges(_ test: Case) throws {
    var resources = Resources()
    var memory = Resources.Memory()
    (memory.limit, memory.swap) = (test.limit, test.swap)
    if memory != Resources.Memory() { resources.memory = memory }
    var cpu = Resources.CPU()
    (cpu.quota, cpu.period) = (test.quota, test.period)
    if cpu != Resources.CPU() { resources.cpu = cpu }
    let merged = try resources.merged(onto: Self.present(test.files))
    let writes = try CgroupWrites.writes(for: merged, controllers: CgroupWritesTests.v2)
    #expect(writes.map { "\($0.file)=\($0.value)" } == test.writes)
  }

  @Test func refusesSwapThatIsLessThanThePresentMemory() throws {
    var resources = Resources()
    resources.memory = Resources.Memory()
    resources.memory?.swap = 4096
    let merged = try resources.merged(onto: Self.present(["memory.max": ["8192"]]))
    #expect(throws: SystemError.self) { try CgroupWrites.writes(for: merged, controllers: CgroupWritesTests.v2) }
  }

  @Test func whatOverflowsIsNoLimit() throws {
    let present = try Self.present(["memory.max": ["\(Int64.max)"], "memory.swap.max": ["4096"]])
    #expect(present.together == nil)
  }
}
