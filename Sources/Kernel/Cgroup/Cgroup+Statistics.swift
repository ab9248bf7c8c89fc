internal import Glibc
public import OCI

extension Cgroup {
  /// What the container uses now, each controller read from the hierarchy that has it.
  ///
  /// - Throws: the file and the kernel's reason; what has gone or was never there counts as 0.
  public func statistics() throws(SystemError) -> Statistics {
    try Statistics.read(
      legacy: { (controller) in placement.directory(of: controller).map { CgroupFiles($0.path) } },
      unified: placement.unified.map { CgroupFiles($0.path) },
      pageSizes: HugePages.sizes(), processes: { () throws(SystemError) in try processes().count })
  }
}

extension Statistics {
  /// - Parameters:
  ///   - legacy: the files of a v1 controller, nil if v1 does not have it.
  ///   - unified: the files in the cgroup2 mount, nil without one.
  static func read(
    legacy: (String) -> CgroupFiles?, unified: CgroupFiles?, pageSizes: [String],
    processes: () throws(SystemError) -> Int
  ) throws(SystemError) -> Statistics {
    var statistics = Statistics()
    if let files = legacy("cpuacct") {
      try statistics.addLegacyUsage(files)
    } else if let unified {
      try statistics.addUnifiedCPU(unified)
    }
    if let files = legacy("cpu") { try statistics.addLegacyThrottling(files) }
    if let files = legacy("cpuset") { try statistics.addLegacyCPUSet(files) }
    if let files = legacy("memory") {
      try statistics.addLegacyMemory(files)
    } else if let unified {
      try statistics.addUnifiedMemory(unified)
    }
    try statistics.addPids(
      legacy("pids") ?? unified ?? CgroupFiles { (_) throws(SystemError) in nil }, processes: processes)
    if let files = legacy("blkio") {
      try statistics.addLegacyBlockIO(files)
    } else if let unified {
      try statistics.addUnifiedBlockIO(unified)
    }
    if let files = legacy("hugetlb") {
      try statistics.addLegacyHugepages(files, sizes: pageSizes)
    } else if let unified {
      try statistics.addUnifiedHugepages(unified, sizes: pageSizes)
    }
    return statistics
  }
}

/// The huge pages of this machine.
enum HugePages {
  /// `2MB`, `1GB`: the sizes as cgroup files are named after them. Empty without huge pages.
  static func sizes() -> [String] {
    guard let directory = try? Descriptor.open("/sys/kernel/mm/hugepages", O_RDONLY | O_DIRECTORY),
      let names = try? Directories.names(in: directory.number, limit: 64)
    else { return [] }
    return names.compactMap(size).sorted()
  }

  /// `hugepages-2048kB` is `2MB`.
  static func size(_ name: String) -> String? {
    guard name.hasPrefix("hugepages-"), name.hasSuffix("kB"),
      var size = Int(name.dropFirst(10).dropLast(2)), size > 0
    else { return nil }
    var units = ["KB", "MB", "GB"][...]
    while size >= 1024, units.count > 1 {
      size /= 1024
      units = units.dropFirst()
    }
    return units.first.map { "\(size)\($0)" }
  }
}
