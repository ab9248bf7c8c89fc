internal import OCI

extension CgroupWrites {
  mutating func addPids(_ limit: Int64) throws(SystemError) {
    let unified = try isUnified("pids", property: "linux.resources.pids.limit")
    // systemd cannot set 0, so runc makes it 1 with every driver: no fork succeeds either way.
    let value = limit < 0 ? "max" : "\(max(limit, 1))"
    append(
      CgroupWrite(
        property: "linux.resources.pids.limit", controller: "pids", isUnified: unified, file: "pids.max", value: value,
        isInitial: limit < 0))
  }

  mutating func add(_ limits: [Resources.HugepageLimit]) throws(SystemError) {
    for (index, limit) in limits.enumerated() {
      let name = "linux.resources.hugepageLimits[\(index)]"
      guard Self.isPageSize(limit.pageSize) else {
        throw SystemError.refusal("\(name).pageSize: \"\(limit.pageSize)\" is not a size such as 2MB")
      }
      let unified = try isUnified("hugetlb", property: name)
      let end = unified ? "max" : "limit_in_bytes"
      // Reservations are limited since 5.7.
      for (middle, missing) in [("", CgroupWrite.Missing.fail), (".rsvd", .skip)] {
        append(
          CgroupWrite(
            property: name, controller: "hugetlb", isUnified: unified,
            file: "hugetlb.\(limit.pageSize)\(middle).\(end)", value: "\(limit.limit)", missing: missing))
      }
    }
  }

  /// `64KB`, `2MB`, `1GB`: it becomes part of a file's name.
  private static func isPageSize(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (3...8).contains(bytes.count), bytes[bytes.count - 1] == UInt8(ascii: "B") else { return false }
    let unit = bytes[bytes.count - 2]
    return (unit == UInt8(ascii: "K") || unit == UInt8(ascii: "M") || unit == UInt8(ascii: "G"))
      && bytes.dropLast(2).allSatisfy { (48...57).contains($0) }
  }

  mutating func add(_ network: Resources.Network) throws(SystemError) {
    // cgroup v2 classifies packets by the cgroup itself, with nftables or eBPF: no such controllers there.
    let name = "linux.resources.network"
    if let classID = network.classID, classID != 0 {
      _ = try isUnified("net_cls", property: "\(name).classID")
      append(
        CgroupWrite(
          property: "\(name).classID", controller: "net_cls", isUnified: false, file: "net_cls.classid",
          value: "\(classID)"))
    }
    for (interface, priority) in network.priorities.sorted(by: { $0.key < $1.key }) {
      let property = "\(name).priorities"
      try Self.checkWord(interface, property)
      _ = try isUnified("net_prio", property: property)
      append(
        CgroupWrite(
          property: property, controller: "net_prio", isUnified: false, file: "net_prio.ifpriomap",
          value: "\(interface) \(priority)"))
    }
  }

  mutating func add(_ limits: [String: Resources.RDMA]) throws(SystemError) {
    for (device, limit) in limits.sorted(by: { $0.key < $1.key }) {
      let name = "linux.resources.rdma"
      try Self.checkWord(device, name)
      let handles = limit.hcaHandles.map { " hca_handle=\($0)" } ?? ""
      let objects = limit.hcaObjects.map { " hca_object=\($0)" } ?? ""
      if handles.isEmpty && objects.isEmpty { continue }
      append(
        CgroupWrite(
          property: name, controller: "rdma", isUnified: try isUnified("rdma", property: name), file: "rdma.max",
          value: device + handles + objects))
    }
  }

  /// A name that is written before a value on the same line: a space or newline in it would set something else.
  private static func checkWord(_ word: String, _ property: String) throws(SystemError) {
    guard (1...63).contains(word.utf8.count), word.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
      throw SystemError.refusal("\(property): bad device name \"\(word)\"")
    }
  }

  /// cgroup v2's files by name. A value of several lines is written line by line, as the kernel wants it.
  mutating func addUnified(_ files: [String: String]) throws(SystemError) {
    for (file, value) in files.sorted(by: { $0.key < $1.key }) {
      let name = "unified resource \"\(file)\""
      if file.utf8.contains(UInt8(ascii: "/")) || file.utf8.contains(0) {
        throw SystemError.refusal("\(name) must be a file name (no slashes)")
      }
      let parts = file.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1)
      guard parts.count == 2, let controller = String(parts[0]) else {
        throw SystemError.refusal("\(name) must be in the form CONTROLLER.PARAMETER")
      }
      // These would move any process of the host into the container's cgroup.
      if file == "cgroup.procs" || file == "cgroup.threads" {
        throw SystemError.refusal("\(name) can't be set: it is not a limit")
      }
      for line in value.utf8.split(separator: UInt8(ascii: "\n")) {
        append(
          CgroupWrite(
            property: name, controller: controller, isUnified: true, file: file, value: String(Substring(line))))
      }
    }
  }
}
