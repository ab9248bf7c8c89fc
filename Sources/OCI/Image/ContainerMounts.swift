extension ContainerRequest {
  /// A file or directory of the host in the container: `docker run -v`.
  public struct Volume: Sendable, Equatable {
    /// As it was written; absolute, or relative and beginning with a dot.
    public var source: String
    public var destination: String
    public var isReadonly = false
    public var propagation = "rprivate"

    private static let propagations = ["rprivate", "private", "rshared", "shared", "rslave", "slave"]
    /// Of SELinux (a label on the host's files, which is not changed here), of docker's other volumes, and of macOS.
    private static let ignored = ["rw", "z", "Z", "nocopy", "consistent", "cached", "delegated"]

    /// - Parameters: absolute paths.
    public init(source: String, destination: String, isReadonly: Bool = false) {
      (self.source, self.isReadonly) = (source, isReadonly)
      self.destination = ContainerRequest.absolute(destination) ?? destination
    }

    /// `HOST:CONTAINER[:OPTIONS]`.
    public init(parsing text: String) throws(ContainerRequestError) {
      func invalid(_ reason: String) -> ContainerRequestError {
        ContainerRequestError("invalid volume specification: \(quoted(text)): \(reason)")
      }
      let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard (2...3).contains(parts.count), !parts[0].isEmpty else {
        throw invalid("expected HOST:CONTAINER[:OPTIONS]; a volume without a directory of the host is not kept here")
      }
      guard parts[0].hasPrefix("/") || parts[0].hasPrefix(".") else {
        throw invalid("named volumes are not kept here: give a directory's path, absolute or beginning with ./")
      }
      source = parts[0]
      guard let path = ContainerRequest.absolute(parts[1]), path != "/" else {
        throw invalid("the place in the container must be an absolute path, and not /")
      }
      destination = path
      guard parts.count == 3 else { return }
      for option in parts[2].split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
        if option == "ro" {
          isReadonly = true
        } else if Self.propagations.contains(option) {
          propagation = option
        } else if !Self.ignored.contains(option) {
          throw invalid("unknown option \(quoted(option))")
        }
      }
    }

    /// Read-only is what lies below as well, as docker has it since 25.
    var mount: ContainerMount {
      ContainerMount(
        destination, "bind", source, ["rbind", propagation] + (isReadonly ? ["rro"] : []))
    }
  }

  /// A file system in memory: `docker run --tmpfs`.
  public struct Temporary: Sendable, Equatable {
    public var destination: String
    public var options: [String]

    /// `PATH[:OPTIONS]`; what the options say goes before the defaults.
    public init(parsing text: String) throws(ContainerRequestError) {
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let first = parts.first, let path = ContainerRequest.absolute(first), path != "/" else {
        throw ContainerRequestError(
          "invalid tmpfs specification: \(quoted(text)): expected an absolute path, and not /")
      }
      destination = path
      let given = parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : []
      options = ["noexec", "nosuid", "nodev"].filter { !given.contains(String($0.dropFirst(2))) && !given.contains($0) }
      options += given
    }

    var mount: ContainerMount { ContainerMount(destination, "tmpfs", "tmpfs", options) }
  }

  /// Without `.`, `..`, and slashes more than are needed; `nil` when it is not absolute, or no path.
  static func absolute(_ path: String) -> String? {
    guard path.hasPrefix("/"), !path.utf8.contains(0) else { return nil }
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// All mounts: the defaults but those that something else takes the place of, then the others, parents first.
  func mounts(_ host: Host) throws(ContainerRequestError) -> [ContainerMount] {
    let fixed = files.map { file in
      ContainerMount(file.destination, "bind", file.source, ["rbind", "rprivate"] + (isReadonly ? ["ro"] : []))
    }
    let asked = volumes.map(\.mount) + temporaries.map(\.mount)
    for (index, mount) in asked.enumerated()
    where asked[..<index].contains(where: { $0.destination == mount.destination }) {
      throw ContainerRequestError("Duplicate mount point: \(mount.destination)")
    }
    let places = asked.map(\.destination)
    let hasDevices = places.contains("/dev")
    var defaults = ContainerMount.defaults(host, hasNetwork: network != .host)
    if rights.isPrivileged { for index in defaults.indices { defaults[index].options.removeAll { $0 == "ro" } } }
    let kept = defaults.filter { mount in
      !places.contains(mount.destination) && !(hasDevices && mount.destination.hasPrefix("/dev/"))
    }
    // Stable: those of one depth stay as they were given.
    let others = (fixed.filter { !places.contains($0.destination) } + asked).enumerated().sorted {
      ($0.element.depth, $0.offset) < ($1.element.depth, $1.offset)
    }
    return kept + others.map(\.element)
  }
}

/// One entry of `mounts`.
struct ContainerMount: Sendable, Equatable {
  var destination: String
  var type: String
  var source: String
  var options: [String]

  init(_ destination: String, _ type: String, _ source: String, _ options: [String]) {
    self.destination = destination
    self.type = type
    self.source = source
    self.options = options
  }

  var depth: Int { destination.utf8.count { $0 == UInt8(ascii: "/") } }

  var json: JSON {
    .object([
      JSON.Member("destination", .string(destination)), JSON.Member("type", .string(type)),
      JSON.Member("source", .string(source)), JSON.Member("options", .strings(options)),
    ])
  }

  /// docker's (moby, `daemon/pkg/oci/defaults.go`).
  static func defaults(_ host: ContainerRequest.Host, hasNetwork: Bool) -> [ContainerMount] {
    let safe = ["nosuid", "noexec", "nodev"]
    let terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
    // The terminals' group has an id only where it is mapped.
    let hasGroup = host.idMaps.map { $0.gids.contains { $0.containerID <= 5 && 5 - $0.containerID < $0.size } } ?? true
    // In a user namespace, a new sysfs takes a network namespace of its own.
    let system =
      host.idMaps == nil || hasNetwork
      ? ContainerMount("/sys", "sysfs", "sysfs", safe + ["ro"])
      : ContainerMount("/sys", "bind", "/sys", ["rbind"] + safe + ["ro"])
    return [
      ContainerMount("/proc", "proc", "proc", safe),
      ContainerMount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
      ContainerMount("/dev/pts", "devpts", "devpts", terminals + (hasGroup ? ["gid=5"] : [])),
      system,
      ContainerMount("/sys/fs/cgroup", "cgroup", "cgroup", ["ro"] + safe),
      ContainerMount("/dev/mqueue", "mqueue", "mqueue", safe),
      ContainerMount("/dev/shm", "tmpfs", "shm", safe + ["mode=1777", "size=67108864"]),
    ]
  }
}
