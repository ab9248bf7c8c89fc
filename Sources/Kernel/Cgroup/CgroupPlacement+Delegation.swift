internal import Glibc

extension CgroupPlacement {
  /// The part in which this user may make cgroups and put processes into them, as systemd delegates one (cgroup v2:
  /// "Delegation"); for root, all of it.
  public func delegated() -> CgroupPlacement {
    CgroupPlacement(layout: layout, directories: directories.filter(\.isDelegated))
  }
}

extension CgroupPlacement.Directory {
  /// Decided at the nearest directory that exists. v2 also wants the right to move processes in there.
  fileprivate var isDelegated: Bool {
    guard let nearest = levels.last(where: { access($0, F_OK) == 0 }) else { return false }
    return access(nearest, W_OK) == 0 && (!isUnified || access(nearest + "/cgroup.procs", W_OK) == 0)
  }
}
