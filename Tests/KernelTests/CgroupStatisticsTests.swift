import OCI
import Testing

@testable import Kernel

/// What `events` reads, from files as kernels write them.
@Suite struct CgroupStatisticsTests {
  static func files(_ texts: [String: String]) -> CgroupFiles {
    CgroupFiles { (file) throws(SystemError) in texts[file].map { Array($0.utf8) } }
  }

  static let v1: [String: String] = [
    "cpuacct.stat": "user 3\nsystem 7\n", "cpuacct.usage": "123456789\n",
    "cpuacct.usage_percpu": "100000000 23456789 \n",
    "cpuacct.usage_all": "cpu user system\n0 1 2\n1 3 4\n",
    "cpu.stat": "nr_periods 5\nnr_throttled 2\nthrottled_time 999\n",
    "cpuset.cpus": "0-1,3\n", "cpuset.mems": "0\n", "cpuset.sched_load_balance": "1\n",
    "cpuset.sched_relax_domain_level": "-1\n",
    "memory.stat": "cache 4096\nrss 8192\n", "memory.usage_in_bytes": "12288\n", "memory.max_usage_in_bytes": "20480\n",
    "memory.failcnt": "3\n", "memory.limit_in_bytes": "67108864\n", "memory.memsw.usage_in_bytes": "16384\n",
    "memory.memsw.max_usage_in_bytes": "24576\n", "memory.memsw.failcnt": "0\n",
    "memory.memsw.limit_in_bytes": "9223372036854771712\n",
    "pids.current": "2\n", "pids.max": "max\n",
    "blkio.bfq.io_serviced_recursive": "", "blkio.bfq.io_service_bytes_recursive": "",
    "blkio.throttle.io_serviced_recursive": "8:0 Read 1\n8:0 Write 2\n8:0 Total 3\nTotal 3\n",
    "blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\nTotal 4096\n",
    "hugetlb.2MB.rsvd.usage_in_bytes": "2097152\n", "hugetlb.2MB.rsvd.max_usage_in_bytes": "4194304\n",
    "hugetlb.2MB.rsvd.failcnt": "1\n",
  ]

  static let v2: [String: String] = [
    "cpu.stat": "usage_usec 10\nuser_usec 4\nsystem_usec 6\nnr_periods 5\nnr_throttled 2\nthrottled_usec 9\n",
    "cpu.pressure": "some avg10=1.50 avg60=2.00 avg300=0.25 total=42\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n",
    "memory.stat": "anon 8192\nfile 4096\n", "memory.current": "12288\n", "memory.max": "67108864\n",
    "memory.peak": "20480\n", "memory.swap.current": "4096\n", "memory.swap.max": "1048576\n",
    "pids.current": "2\n", "pids.max": "50\n",
    "io.stat": "8:0 rbytes=4096 wbytes=0 rios=1 wios=2 dbytes=0 dios=0\n",
    "hugetlb.2MB.current": "2097152\n", "hugetlb.2MB.events": "max 1\n",
  ]

  static func text(legacy: [String: String], unified: [String: String]?) throws -> String {
    try Statistics.read(
      legacy: { controller in
        let names = ["cpuacct": "cpuacct.", "blkio": "blkio."]
        let prefix = names[controller] ?? controller + "."
        return legacy.keys.contains { $0.hasPrefix(prefix) } ? files(legacy) : nil
      }, unified: unified.map(files), pageSizes: ["2MB"], processes: { 9 }
    ).json.text()
  }

  @Test func legacy() throws {
    #expect(
      try Self.text(legacy: Self.v1, unified: nil)
        == #"{"cpu":{"usage":{"total":123456789,"percpu":[100000000,23456789],"percpu_kernel":[2,4],"#
        + #""percpu_user":[1,3],"kernel":70000000,"user":30000000},"#
        + #""throttling":{"periods":5,"throttledPeriods":2,"throttledTime":999}},"#
        + #""cpuset":{"cpus":[0,1,3],"cpu_exclusive":0,"mems":[0],"mem_hardwall":0,"mem_exclusive":0,"#
        + #""memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,"#
        + #""sched_load_balance":1,"sched_relax_domain_level":-1},"#
        + #""memory":{"cache":4096,"usage":{"limit":67108864,"usage":12288,"max":20480,"failcnt":3},"#
        + #""swap":{"limit":9223372036854771712,"usage":16384,"max":24576,"failcnt":0},"#
        + #""kernel":{"limit":0,"failcnt":0},"kernelTCP":{"limit":0,"failcnt":0},"#
        + #""raw":{"cache":4096,"rss":8192}},"pids":{"current":2},"#
        + #""blkio":{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":4096}],"#
        + #""ioServicedRecursive":[{"major":8,"op":"Read","value":1},{"major":8,"op":"Write","value":2},"#
        + #"{"major":8,"op":"Total","value":3}]},"#
        + #""hugetlb":{"2MB":{"usage":2097152,"max":4194304,"failcnt":1}},"intel_rdt":{},"network_interfaces":null}"#)
  }

  @Test func unified() throws {
    #expect(
      try Self.text(legacy: [:], unified: Self.v2)
        == #"{"cpu":{"usage":{"total":10000,"kernel":6000,"user":4000},"#
        + #""throttling":{"periods":5,"throttledPeriods":2,"throttledTime":9000},"#
        + #""psi":{"some":{"avg10":1.5,"avg60":2,"avg300":0.25,"total":42},"#
        + #""full":{"avg10":0,"avg60":0,"avg300":0,"total":7}}},"#
        + #""cpuset":{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"#
        + #""memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,"#
        + #""sched_load_balance":0,"sched_relax_domain_level":0},"#
        + #""memory":{"cache":4096,"usage":{"limit":67108864,"usage":12288,"max":20480,"failcnt":0},"#
        + #""swap":{"limit":68157440,"usage":16384,"failcnt":0},"#
        + #""kernel":{"limit":0,"failcnt":0},"kernelTCP":{"limit":0,"failcnt":0},"#
        + #""raw":{"anon":8192,"file":4096}},"pids":{"current":2,"limit":50},"#
        + #""blkio":{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":4096},{"major":8,"op":"Write"}],"#
        + #""ioServicedRecursive":[{"major":8,"op":"Read","value":1},{"major":8,"op":"Write","value":2}]},"#
        + #""hugetlb":{"2MB":{"usage":2097152,"failcnt":1}},"intel_rdt":{},"network_interfaces":null}"#)
  }

  /// Each controller counts where it is: on a hybrid host only the rest is cgroup v2's.
  @Test func hybrid() throws {
    let legacy = Self.v1.filter { $0.key.hasPrefix("memory.") }
    let text = try Self.text(legacy: legacy, unified: Self.v2)
    #expect(text.contains(#""cache":4096,"usage":{"limit":67108864,"usage":12288,"max":20480,"failcnt":3}"#))
    #expect(text.contains(#""cpu":{"usage":{"total":10000"#))
    #expect(!text.contains(#""anon""#))
  }

  @Test func nothingIsThere() throws {
    let statistics = try Statistics.read(
      legacy: { _ in nil }, unified: Self.files([:]), pageSizes: ["2MB"], processes: { 9 })
    var wanted = Statistics()
    wanted.pids.current = 9
    #expect(statistics == wanted)
    #expect(statistics.cpu.pressure == nil)
  }

  @Test func noLimitIsTheLargestNumber() throws {
    var files = Self.v2
    (files["memory.max"], files["memory.swap.max"]) = ("max\n", "max\n")
    let text = try Self.text(legacy: [:], unified: files)
    #expect(text.contains(#""usage":{"limit":18446744073709551615,"usage":12288,"max":20480,"failcnt":0}"#))
    #expect(text.contains(#""swap":{"limit":18446744073709551615,"usage":16384,"failcnt":0}"#))
  }

  @Test(arguments: [
    ("hugepages-2048kB", "2MB"), ("hugepages-1048576kB", "1GB"), ("hugepages-64kB", "64KB"),
    ("hugepages-16777216kB", "16GB"), ("hugepages-0kB", nil), ("hugepages-xkB", nil), ("other", nil),
  ])
  func pageSizes(name: String, size: String?) {
    #expect(HugePages.size(name) == size)
  }

  @Test(
    arguments: [("0-2,7", [0, 1, 2, 7]), ("5", [5]), ("2-1", []), ("", []), ("x", [])] as [(String, [UInt16])])
  func lists(text: String, numbers: [UInt16]) throws {
    #expect(try Self.files(["f": text]).list("f") == numbers)
  }
}
