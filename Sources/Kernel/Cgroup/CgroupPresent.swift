internal import OCI

/// The limits that a cgroup has now, as far as a change of one needs another.
///
/// cgroup v1 has a file for each number. cgroup v2 has quota and period in one, and its swap limit is that of swap alone
/// while the specification's is memory and swap together: whoever changes half of it has to know the rest.
struct CgroupPresent: Equatable {
  /// Microseconds; nil without a limit.
  var quota: Int64?
  /// Microseconds.
  var period: UInt64?
  /// Bytes; nil without a limit.
  var memory: Int64?
  /// Bytes of swap alone; nil without a limit.
  var swap: Int64?

  /// Reads cgroup v2's files.
  ///
  /// - Parameter words: the words of a file in the container's directory; none if there is no such file.
  init(words: (String) throws(SystemError) -> [String]) throws(SystemError) {
    let bandwidth = try words("cpu.max")
    quota = bandwidth.first.flatMap { Int64($0) }
    period = bandwidth.dropFirst().first.flatMap { UInt64($0) }
    memory = try words("memory.max").first.flatMap { Int64($0) }
    swap = try words("memory.swap.max").first.flatMap { Int64($0) }
  }
}

extension Resources {
  /// The same change with what it leaves out filled in from what is there, so that writing it changes nothing else.
  func merged(onto present: CgroupPresent) -> Resources {
    var merged = self
    if let cpu {
      let (quota, period) = (cpu.quota ?? 0, cpu.period ?? 0)
      if quota == 0, period != 0, let present = present.quota { merged.cpu?.quota = present }
      if period == 0, quota != 0, let present = present.period { merged.cpu?.period = present }
    }
    if let memory {
      let (limit, swap) = (memory.limit ?? 0, memory.swap ?? 0)
      if limit == 0, swap > 0 {
        // Without a limit of memory the difference is unlimited too; the plan refuses it with a reason.
        merged.memory?.limit = present.memory
      } else if limit > 0, swap == 0, let together = present.together {
        merged.memory?.swap = together
      }
    }
    return merged
  }
}

extension CgroupPresent {
  /// The limit of memory and swap together, if both have one.
  var together: Int64? {
    guard let memory, let swap else { return nil }
    let (sum, overflows) = memory.addingReportingOverflow(swap)
    return overflows ? nil : sum
  }
}
