internal import Glibc
internal import Kernel

extension Runtime {
  /// Removes what no container needs any more: the container layers that a crash or a reboot left.
  public func purge() throws(ContainerError) {
    var kept: Set<String> = []
    for id in try store.ids() {
      if let layer = try? store.open(id, lock: false).record?.layer { kept.insert(layer) }
    }
    let directory = DataDirectory.containers
    guard let stream = opendir(directory) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      let path = "\(directory)/\(name)"
      if name == "." || name == ".." || kept.contains(path) { continue }
      try ContainerLayer.remove(path)
    }
  }
}
