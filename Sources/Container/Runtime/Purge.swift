internal import Kernel

extension Runtime {
  /// Removes what no container needs any more: cached filters, and the layers that a crash or a reboot left.
  public func purge() throws(ContainerError) {
    try kernel { () throws(SystemError) in try Directories.removeTree(DataDirectory.seccomp) }
    var kept: Set<String> = []
    for id in try store.ids() {
      if let layer = try? store.open(id, lock: false).record?.layer { kept.insert(layer) }
    }
    let directory = DataDirectory.containers
    // Not there: no container ever had a layer.
    for name in (try? Directories.names(directory)) ?? [] {
      let path = "\(directory)/\(name)"
      if !kept.contains(path) { try ContainerLayer.remove(path) }
    }
  }
}
