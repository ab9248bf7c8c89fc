public import Kernel

extension Runtime {
  /// `reclaim`: frees memory of a container that has not stopped.
  public func reclaim(_ id: String, bytes: Int64) throws(ContainerError) -> Cgroup.Reclaimed {
    let journal = try store.open(id, lock: false)
    guard try journal.process() != nil, let record = journal.record else {
      throw ContainerError("container not running")
    }
    guard let cgroup = try cgroup(of: record) else { throw Self.noCgroup("reclaim", id) }
    return try kernel { () throws(SystemError) in try cgroup.reclaim(bytes) }
  }
}
