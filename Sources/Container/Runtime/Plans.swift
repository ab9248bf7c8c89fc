internal import Kernel
internal import OCI

/// Plans without launching: nothing is made, and no root is needed.
public enum Plans {
  /// The plan of `run` for a bundle, one step a line.
  public static func lines(
    bundle path: String, layers: [String], warn: (String) -> Void
  ) throws(ContainerError) -> [String] {
    let bundle = try Bundle(path, layers: layers)
    let facts = try kernel { () throws(SystemError) in try HostFacts.detect() }
    var placement = try kernel { () throws(SystemError) in
      try CgroupPlacement.place(cgroupsPath: bundle.spec.linux.cgroupsPath, id: "plan", host: facts.cgroups)
    }
    // An ordinary user may look at root's plans as well.
    let isRootless = facts.caller.isRootless && (facts.caller.uid == 0 || bundle.spec.newUserNamespaceMaps != nil)
    if isRootless { placement = placement.delegated() }
    let options = LaunchOptions(id: "plan", bundle: path, mode: .foreground)
    var request = try bundle.request(id: "plan", options: options, cgroup: placement, facts: facts, warn: warn)
    if isRootless {
      request.overlay = try bundle.layers?.overlay(at: ContainerLayer.newPath(for: "plan"), options)
    }
    do throws(PlanError) { return try LaunchPlan.make(request).lines } catch { throw ContainerError("\(error)") }
  }
}
