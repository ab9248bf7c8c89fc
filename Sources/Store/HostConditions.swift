internal import Glibc
public import Kernel
public import OCI

extension ContainerRequest.Host {
  /// This host.
  ///
  /// - Parameter withDevices: also all its devices.
  public static func detect(withDevices: Bool = false) throws(SystemError) -> ContainerRequest.Host {
    let kernel = KernelVersion.running ?? KernelVersion(5, 15)
    let layout = try CgroupHost.detect().layout
    var host = ContainerRequest.Host(
      kernel: SeccompTemplate.Kernel(kernel.major, kernel.minor), capabilities: CapabilitySet.bounding.names,
      hasUnifiedCgroups: layout == .unified,
      limitsSwap: layout == .unified || access("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", F_OK) == 0)
    // How hot the processors were tells what others compute (GHSA-6fw5-f8r9-fgfm).
    for number in 0..<max(1, sysconf(CInt(_SC_NPROCESSORS_CONF))) {
      let path = "/sys/devices/system/cpu/cpu\(number)/thermal_throttle"
      if access(path, F_OK) == 0 { host.maskedPaths.append(path) }
    }
    let caller = Caller.current
    // Without root, nobody may make such nodes.
    if withDevices, !caller.isRootless { host.devices = try HostDevices.all() }
    if caller.isRootless, caller.uid != 0 {
      let ids = SubordinateIDs(of: caller)
      host.idMaps = IDMaps(uids: ids.uids, gids: ids.gids)
    }
    return host
  }
}

/// The ids that a user may map: the own one as root, and those that `/etc/subuid` and `/etc/subgid` give, if `newuidmap`
/// is there to map them.
private struct SubordinateIDs {
  let uids: [IDMapping]
  let gids: [IDMapping]

  init(of caller: Caller) {
    let own = (
      IDMapping(containerID: 0, hostID: caller.uid, size: 1), IDMapping(containerID: 0, hostID: caller.gid, size: 1)
    )
    let names = [Self.name(of: caller.uid), "\(caller.uid)"]
    let uids = Self.range(in: "/etc/subuid", of: names)
    let gids = Self.range(in: "/etc/subgid", of: names)
    let hasHelpers = access("/usr/bin/newuidmap", X_OK) == 0 && access("/usr/bin/newgidmap", X_OK) == 0
    self.uids = [own.0] + (hasHelpers && gids != nil ? [uids].compactMap { $0 } : [])
    self.gids = [own.1] + (hasHelpers && uids != nil ? [gids].compactMap { $0 } : [])
  }

  private static func name(of uid: uid_t) -> String {
    lines("/etc/passwd").first { $0.count > 2 && $0[2] == "\(uid)" }?.first ?? ""
  }

  private static func range(in file: String, of names: [String]) -> IDMapping? {
    for fields in lines(file) where fields.count == 3 && !fields[0].isEmpty && names.contains(fields[0]) {
      guard let first = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0 else { continue }
      return IDMapping(containerID: 1, hostID: first, size: count)
    }
    return nil
  }

  private static func lines(_ file: String) -> [[String]] {
    let text = String(decoding: (try? readFile(file, limit: 1 << 20)) ?? [], as: UTF8.self)
    return text.split(separator: "\n").map {
      $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }
  }
}
