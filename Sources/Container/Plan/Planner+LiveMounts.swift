internal import Kernel
internal import OCI

extension LaunchPlan {
  /// Plans mounts in a container that runs. The process that makes them is in all of its namespaces; what is bound comes
  /// from the host, so swiftcr hands it over. It ends after the last step and never executes anything.
  static func adding(_ mounts: [Mount], _ request: PlanRequest) throws(PlanError) -> LaunchPlan {
    var planner = Planner(request)
    planner.enterContainer()
    try planner.addMounts(mounts)
    planner.plan.steps = planner.plan.steps.map { step in
      guard case .bind(var bind) = step, [.stage, .opened].contains(bind.origin) else { return step }
      bind.origin = .runtime
      return .bind(bind)
    }
    planner.add(.sync(.ready))
    return planner.plan
  }

  /// Plans the opposite, the last mount first.
  static func removing(_ mounts: [Mount], _ request: PlanRequest) -> LaunchPlan {
    var planner = Planner(request)
    planner.enterContainer()
    planner.plan.steps += mounts.reversed().map { .unmount(Planner.clean($0.destination)) }
    planner.add(.sync(.ready))
    return planner.plan
  }
}

extension Planner {
  /// Into the namespaces, and not into the cgroup: it may be paused, or have no room for one more process.
  fileprivate mutating func enterContainer() {
    add(
      .signals, .undumpable, .umask(0), .joinNamespace(.initProcess, kinds: linux.namespaces.map(\.type)), .clone([]),
      .rootHere)
  }
}
