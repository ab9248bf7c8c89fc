internal import Glibc
internal import Kernel
public import OCI

extension Runtime {
  /// `mounts add`: mounts in a container that runs, in their order; all of them or none.
  public func addMounts(_ mounts: [Mount], to id: String) throws(ContainerError) {
    let journal = try store.open(id, lock: true)
    let request = try liveRequest(journal)
    var made = 0
    do throws(ContainerError) {
      // One by one: what a failure leaves to be undone is then known.
      for mount in mounts {
        let plan: LaunchPlan
        do throws(PlanError) { plan = try LaunchPlan.adding([mount], request) } catch {
          throw ContainerError("\(error)")
        }
        try carryOut(plan, journal)
        made += 1
      }
    } catch {
      if made > 0 { try? carryOut(LaunchPlan.removing(Array(mounts.prefix(made)), request), journal) }
      throw error
    }
  }

  /// `mounts remove`: takes away what is mounted at the destinations.
  public func removeMounts(_ mounts: [Mount], from id: String) throws(ContainerError) {
    let journal = try store.open(id, lock: true)
    let request = try liveRequest(journal)
    try carryOut(LaunchPlan.removing(mounts, request), journal)
  }

  private func liveRequest(_ journal: borrowing Journal) throws(ContainerError) -> PlanRequest {
    guard try state(of: journal).status != .stopped, let record = journal.record else {
      throw ContainerError("container not running")
    }
    let facts = try kernel { () throws(SystemError) in try HostFacts.detect() }
    return PlanRequest(
      spec: try Self.spec(of: journal), id: journal.id, bundle: record.bundle, rootPath: "/",
      cgroup: try cgroup(of: record, facts.cgroups).placement, facts: facts)
  }

  /// Lets a stage do the steps, and ends it.
  private func carryOut(_ plan: LaunchPlan, _ journal: borrowing Journal) throws(ContainerError) {
    guard let initProcess = try journal.process() else { throw ContainerError("container not running") }
    var inputs = LaunchInputs(cgroup: .outside)
    let opened = OpenedHandles(initProcess: initProcess)
    inputs.descriptors = opened.numbers
    let userNamespace = try kernel { () throws(SystemError) in
      try Descriptor.open("/proc/\(initProcess.pid)/ns/user", O_RDONLY)
    }
    inputs.userNamespace = userNamespace.number
    var launcher = try Launcher(plan, inputs)
    try launcher.prepare(
      inputs, agent: { (_, _) throws(ContainerError) in }, hooks: { (_) throws(ContainerError) in })
    launcher.abort()
  }
}
