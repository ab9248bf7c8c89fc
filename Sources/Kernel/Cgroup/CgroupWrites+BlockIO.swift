internal import OCI

extension CgroupWrites {
  mutating func add(_ blockIO: Resources.BlockIO) throws(SystemError) {
    let name = "linux.resources.blockIO"
    let weight = blockIO.weight ?? 0
    let leafWeight = blockIO.leafWeight ?? 0
    let throttles: [(property: String, v1: String, v2: String, devices: [Resources.ThrottleDevice])] = [
      ("throttleReadBpsDevice", "read_bps_device", "rbps", blockIO.throttleReadBpsDevice),
      ("throttleWriteBpsDevice", "write_bps_device", "wbps", blockIO.throttleWriteBpsDevice),
      ("throttleReadIOPSDevice", "read_iops_device", "riops", blockIO.throttleReadIOPSDevice),
      ("throttleWriteIOPSDevice", "write_iops_device", "wiops", blockIO.throttleWriteIOPSDevice),
    ]
    if weight == 0 && leafWeight == 0 && blockIO.weightDevice.isEmpty && throttles.allSatisfy({ $0.devices.isEmpty }) {
      return
    }
    let unified = try isUnified("blkio", unified: "io", property: name)
    if unified {
      try addUnifiedWeights(blockIO, weight: weight, name)
    } else {
      try addLegacyWeights(blockIO, weight: weight, leafWeight: leafWeight, name)
    }
    for throttle in throttles {
      for (index, device) in throttle.devices.enumerated() {
        let property = "\(name).\(throttle.property)[\(index)]"
        let numbers = try Self.numbers(device.major, device.minor, property)
        // A rate of zero takes the limit away: v1 does so itself, v2 wants a word.
        let value = unified ? "\(throttle.v2)=\(device.rate == 0 ? "max" : "\(device.rate)")" : "\(device.rate)"
        append(
          CgroupWrite(
            property: property, controller: unified ? "io" : "blkio", isUnified: unified,
            file: unified ? "io.max" : "blkio.throttle.\(throttle.v1)", value: "\(numbers) \(value)"))
      }
    }
  }

  private mutating func addLegacyWeights(
    _ blockIO: Resources.BlockIO, weight: UInt16, leafWeight: UInt16, _ name: String
  ) throws(SystemError) {
    func write(
      _ property: String, _ file: String, _ value: String, missing: CgroupWrite.Missing = .fail
    ) -> CgroupWrite {
      CgroupWrite(
        property: "\(name).\(property)", controller: "blkio", isUnified: false, file: "blkio.\(file)", value: value,
        missing: missing)
    }
    // `blkio.weight` went with the CFQ scheduler in 5.0; BFQ has one of its own.
    if weight != 0 {
      append(write("weight", "weight", "\(weight)", missing: .use(file: "blkio.bfq.weight", value: "\(weight)")))
    }
    if leafWeight != 0 { append(write("leafWeight", "leaf_weight", "\(leafWeight)")) }
    for (index, device) in blockIO.weightDevice.enumerated() {
      let property = "weightDevice[\(index)]"
      let numbers = try Self.numbers(device.major, device.minor, "\(name).\(property)")
      if let weight = device.weight, weight != 0 {
        let value = "\(numbers) \(weight)"
        append(write(property, "weight_device", value, missing: .use(file: "blkio.bfq.weight_device", value: value)))
      }
      if let weight = device.leafWeight, weight != 0 {
        append(write(property, "leaf_weight_device", "\(numbers) \(weight)"))
      }
    }
  }

  private mutating func addUnifiedWeights(
    _ blockIO: Resources.BlockIO, weight: UInt16, _ name: String
  ) throws(SystemError) {
    func write(_ property: String, _ file: String, _ value: String, missing: CgroupWrite.Missing) -> CgroupWrite {
      CgroupWrite(
        property: "\(name).\(property)", controller: "io", isUnified: true, file: file, value: value, missing: missing)
    }
    // runc ignores them there; what cannot be converted is an error (config-linux.md, "Unified").
    if blockIO.leafWeight ?? 0 != 0 || blockIO.weightDevice.contains(where: { $0.leafWeight ?? 0 != 0 }) {
      throw SystemError.refusal("\(name).leafWeight: cgroup v2 has no weights of leaves")
    }
    if weight != 0 {
      guard (10...1000).contains(weight) else {
        throw SystemError.refusal("\(name).weight: invalid value \(weight): valid range is 10-1000")
      }
      // 10...1000 of v1 and BFQ to 1...10000 of the io controller, linearly as runc does.
      let converted = 1 + (UInt64(weight) - 10) * 9999 / 990
      append(write("weight", "io.bfq.weight", "\(weight)", missing: .use(file: "io.weight", value: "\(converted)")))
    }
    for (index, device) in blockIO.weightDevice.enumerated() {
      guard let weight = device.weight, weight != 0 else { continue }
      let property = "weightDevice[\(index)]"
      let numbers = try Self.numbers(device.major, device.minor, "\(name).\(property)")
      append(write(property, "io.bfq.weight", "\(numbers) \(weight)", missing: .skip))
    }
  }

  private static func numbers(_ major: Int64, _ minor: Int64, _ property: String) throws(SystemError) -> String {
    guard UInt32(exactly: major) != nil, UInt32(exactly: minor) != nil else {
      throw SystemError.refusal("\(property): invalid device number \(major):\(minor)")
    }
    return "\(major):\(minor)"
  }
}
