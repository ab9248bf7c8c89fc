internal import Kernel
public import OCI

extension Runtime {
  /// `update`: changes the limits of a container that has not stopped. What the resources leave out stays as it is; the
  /// device rules always do, as in runc: a plugin may have added to them.
  ///
  /// - Throws: the property of config.json, the value, the file and the kernel's reason.
  public func update(_ id: String, _ resources: Resources) throws(ContainerError) {
    let journal = try store.open(id, lock: true)
    guard try state(of: journal).status != .stopped, let record = journal.record else {
      throw ContainerError("container not running")
    }
    guard let cgroup = try cgroup(of: record) else { throw Self.noCgroup("update", id) }
    try kernel { () throws(SystemError) in try cgroup.apply(resources, scope: record.scope) }
  }
}
