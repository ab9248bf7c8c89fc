internal import CLinux
public import OCI

/// A set of small numbers, processors or memory nodes, as the kernel takes it: a bit each, in words of 64.
public struct NumberSet: Sendable, Equatable, CustomStringConvertible {
  public let words: [UInt64]
  public let description: String

  /// More than any kernel is built for (`CONFIG_NR_CPUS` is 8192 at most).
  static let bound = 16384

  /// Reads a list such as `0-3,7`.
  ///
  /// - Throws: what is wrong with it; an empty one is no set.
  public init(list: String) throws(NumberSetError) {
    var words: [UInt64] = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let bounds = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = Self.number(bounds[0]), let last = bounds.count == 1 ? first : Self.number(bounds[1]),
        first <= last
      else { throw NumberSetError(list: list) }
      while words.count <= last / 64 { words.append(0) }
      for number in first...last { words[number / 64] |= 1 << UInt64(number % 64) }
    }
    self.words = words
    description = list
  }

  /// Makes this thread run on these processors, as far as its cgroup lets it: `EINVAL` when on none of them.
  public func bindThread() throws(SystemError) {
    guard clinux_set_affinity(words, words.count) == 0 else { throw SystemError("run on processors", description) }
  }

  /// Only digits: `Int` would take a sign as well.
  private static func number(_ text: Substring) -> Int? {
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text),
      number < bound
    else { return nil }
    return number
  }
}

/// A list that is none.
public struct NumberSetError: Error, Sendable, CustomStringConvertible {
  let list: String
  public var description: String {
    "expected a list such as 0-3,7 of numbers below \(NumberSet.bound), found \"\(list)\""
  }
}

extension OCI.Scheduler {
  /// `struct sched_attr`, as sched_setattr(2) took it first (Linux 3.14): 48 bytes.
  public var attributes: [UInt8] {
    var bytes: [UInt8] = []
    func append<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number) { bytes += $0 }
    }
    append(UInt32(48))
    // SCHED_OTHER is 0, 4 was never used.
    append(UInt32(SpecNames.schedulerPolicies.firstIndex(of: policy) ?? 0))
    append(flags.reduce(UInt64(0)) { $0 | 1 << UInt64(SpecNames.schedulerFlags.firstIndex(of: $1) ?? 63) })
    append(nice)
    append(UInt32(bitPattern: priority))
    append(runtime)
    append(deadline)
    append(period)
    return bytes
  }
}

extension OCI.IOPriority {
  /// Class and level in one number (ioprio_set(2)).
  public var value: UInt64 {
    UInt64((SpecNames.ioPriorityClasses.firstIndex(of: self.class) ?? 0) + 1) << 13 | UInt64(priority)
  }
}

extension OCI.MemoryPolicy {
  /// Mode and flags in one number (set_mempolicy(2), linux/mempolicy.h).
  public var value: UInt64 {
    UInt64(Self.kernelModes.firstIndex(of: mode) ?? 0)
      | flags.reduce(0) { $0 | 1 << UInt64(13 + (Self.kernelFlags.firstIndex(of: $1) ?? 0)) }
  }

  private static let kernelModes = [
    "MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED_MANY",
    "MPOL_WEIGHTED_INTERLEAVE",
  ]
  private static let kernelFlags = ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"]
}
