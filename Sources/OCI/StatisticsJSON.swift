extension Statistics {
  /// What `events` prints as `data`: runc's names, in its order, with what it leaves out left out
  /// (types/events.go; the structures for usage are always there, as in runc up to 1.3).
  public var json: JSON {
    .object([
      JSON.Member("cpu", cpu.json),
      JSON.Member("cpuset", cpuset.json),
      JSON.Member("memory", memory.json),
      JSON.Member("pids", .object(unlessZero("current", pids.current) + unlessZero("limit", pids.limit))),
      JSON.Member("blkio", blockIO.json),
      JSON.Member("hugetlb", .object(sorted(hugepages) { $0.json })),
      JSON.Member("intel_rdt", .object([])),
      JSON.Member("network_interfaces", .null),
    ])
  }
}

extension Statistics.CPU {
  fileprivate var json: JSON {
    let usage =
      unlessZero("total", total) + unlessEmpty("percpu", perCPU) + unlessEmpty("percpu_kernel", perCPUKernel)
      + unlessEmpty("percpu_user", perCPUUser)
      + [JSON.Member("kernel", count(kernel)), JSON.Member("user", count(user))]
    let throttling =
      unlessZero("periods", periods) + unlessZero("throttledPeriods", throttledPeriods)
      + unlessZero("throttledTime", throttledTime)
    return .object(
      [JSON.Member("usage", .object(usage)), JSON.Member("throttling", .object(throttling))] + psi(pressure))
  }
}

extension Statistics.CPUSet {
  fileprivate var json: JSON {
    var members = unlessEmpty("cpus", cpus)
    for name in Self.flagNames {
      members.append(JSON.Member(name, .integer(flags[name] ?? 0)))
      if name == "cpu_exclusive" { members += unlessEmpty("mems", mems) }
    }
    return .object(members)
  }
}

extension Statistics.Memory {
  fileprivate var json: JSON {
    var members = unlessZero("cache", cache)
    members += [
      JSON.Member("usage", usage.json), JSON.Member("swap", swap.json), JSON.Member("kernel", kernel.json),
      JSON.Member("kernelTCP", kernelTCP.json),
    ]
    if !raw.isEmpty { members.append(JSON.Member("raw", .object(sorted(raw, count)))) }
    return .object(members + psi(pressure))
  }
}

extension Statistics.Amount {
  fileprivate var json: JSON {
    .object(
      [JSON.Member("limit", count(limit))] + unlessZero("usage", usage) + unlessZero("max", max)
        + [JSON.Member("failcnt", count(failures))])
  }
}

extension Statistics.BlockIO {
  fileprivate var json: JSON {
    var members: [JSON.Member] = []
    for table in Table.allCases {
      guard let entries = tables[table], !entries.isEmpty else { continue }
      members.append(JSON.Member(table.rawValue, .array(entries.map(\.json))))
    }
    return .object(members + psi(pressure))
  }
}

extension Statistics.BlockIO.Entry {
  fileprivate var json: JSON {
    let names = operation.isEmpty ? [] : [JSON.Member("op", .string(operation))]
    return .object(unlessZero("major", major) + unlessZero("minor", minor) + names + unlessZero("value", value))
  }
}

extension Statistics.Hugepages {
  fileprivate var json: JSON {
    .object(unlessZero("usage", usage) + unlessZero("max", max) + [JSON.Member("failcnt", count(failures))])
  }
}

extension Statistics.Pressure.Share {
  fileprivate var json: JSON {
    .object([
      JSON.Member("avg10", share(last10)), JSON.Member("avg60", share(last60)), JSON.Member("avg300", share(last300)),
      JSON.Member("total", count(total)),
    ])
  }

  /// Go writes a whole number without a fraction.
  private func share(_ value: Double) -> JSON { Int64(exactly: value).map { .integer($0) } ?? .number(value) }
}

private func psi(_ pressure: Statistics.Pressure?) -> [JSON.Member] {
  guard let pressure else { return [] }
  return [
    JSON.Member(
      "psi", .object([JSON.Member("some", pressure.some.json), JSON.Member("full", pressure.full.json)]))
  ]
}

private func count(_ value: UInt64) -> JSON { Int64(exactly: value).map { .integer($0) } ?? .unsigned(value) }

private func unlessZero(_ name: String, _ value: UInt64) -> [JSON.Member] {
  value == 0 ? [] : [JSON.Member(name, count(value))]
}

private func unlessEmpty(_ name: String, _ values: [some BinaryInteger]) -> [JSON.Member] {
  values.isEmpty ? [] : [JSON.Member(name, .array(values.map { count(UInt64($0)) }))]
}

/// Sorted by name in bytes, as Go's encoder does.
private func sorted<Value>(_ values: [String: Value], _ json: (Value) -> JSON) -> [JSON.Member] {
  values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { JSON.Member($0.key, json($0.value)) }
}
