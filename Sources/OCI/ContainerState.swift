/// A container's state (runtime.md, "State"), as `state` prints it and as hooks and seccomp agents are told it.
public struct ContainerState: Sendable, Equatable {
  /// Where a container is in its life; `paused` is runc's addition.
  public enum Status: String, Sendable, CaseIterable {
    case creating, created, running, paused, stopped
  }

  /// The version of the specification that is spoken.
  public static let ociVersion = "1.3.0"
  /// The oldest version that is understood.
  public static let oldestOCIVersion = "1.0.0"

  public var id: String
  public var status: Status
  /// In the caller's pid namespace; 0 when there is no process (any more).
  public var pid: Int32
  /// An absolute path.
  public var bundle: String
  public var annotations: [String: String]
  /// The root file system's absolute path on the host. Like `created` and `owner`, runc's addition.
  public var rootfs: String
  public var created: Timestamp
  /// The name of the user that the container belongs to; empty when the id has no name.
  public var owner: String

  public init(
    id: String, status: Status, pid: Int32, bundle: String, annotations: [String: String] = [:], rootfs: String = "",
    created: Timestamp = Timestamp(seconds: 0), owner: String = ""
  ) {
    self.id = id
    self.status = status
    self.pid = pid
    self.bundle = bundle
    self.annotations = annotations
    self.rootfs = rootfs
    self.created = created
    self.owner = owner
  }

  /// What `state` prints, in runc's order, and what `list --format json` has for each container. Indented by two
  /// spaces in the former, compact in the latter.
  public var json: JSON {
    var members: [JSON.Member] = [
      JSON.Member("ociVersion", .string(Self.ociVersion)),
      JSON.Member("id", .string(id)),
      JSON.Member("pid", .integer(status == .stopped ? 0 : Int64(pid))),
      JSON.Member("status", .string(status.rawValue)),
      JSON.Member("bundle", .string(bundle)),
      JSON.Member("rootfs", .string(rootfs)),
      JSON.Member("created", .string(created.description)),
    ]
    if !annotations.isEmpty { members.append(JSON.Member("annotations", .strings(annotations))) }
    members.append(JSON.Member("owner", .string(owner)))
    return .object(members)
  }

  /// The specification's own fields only: what a hook reads from its standard input.
  public var hookJSON: JSON {
    var members: [JSON.Member] = [
      JSON.Member("ociVersion", .string(Self.ociVersion)),
      JSON.Member("id", .string(id)),
      JSON.Member("status", .string(status.rawValue)),
    ]
    if pid != 0, status != .stopped { members.append(JSON.Member("pid", .integer(Int64(pid)))) }
    members.append(JSON.Member("bundle", .string(bundle)))
    if !annotations.isEmpty { members.append(JSON.Member("annotations", .strings(annotations))) }
    return .object(members)
  }

  /// What a seccomp agent is sent with the listener's descriptor (config-linux.md, "containerProcessState").
  ///
  /// - Parameters:
  ///   - processID: the process that loaded the filter, as the runtime sees it.
  ///   - metadata: `linux.seccomp.listenerMetadata`.
  public func seccompJSON(processID: Int32, metadata: String?) -> JSON {
    var members: [JSON.Member] = [
      JSON.Member("ociVersion", .string(Self.ociVersion)),
      JSON.Member("fds", .strings(["seccompFd"])),
      JSON.Member("pid", .integer(Int64(processID))),
    ]
    if let metadata { members.append(JSON.Member("metadata", .string(metadata))) }
    members.append(JSON.Member("state", hookJSON))
    return .object(members)
  }
}
