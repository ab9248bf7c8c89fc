public import Kernel
public import OCI

/// What is known of a container before anything of it is made: enough to take it down.
public struct ContainerRecord: Sendable, Equatable {
  public var id: String
  public var bundle: String
  public var rootfs: String
  public var created: Timestamp
  public var owner: UInt32
  public var annotations: [String: String]
  /// `/proc/sys/kernel/random/boot_id`: after a reboot no pid means anything.
  public var bootID: String
  /// The cgroup's layout and directories, as `CgroupPlacement` encodes them.
  public var cgroupLayout: String
  public var cgroups: [String]
  /// The unit that those belong to, if systemd keeps them.
  public var scope: SystemdScope?
  /// The container layer's directory, if it has one.
  public var layer: String?
  /// Whether that one outlives the container.
  public var keepsLayer = false
  /// The layers below it, bottom first.
  public var layers: [String]

  static let version: Int64 = 1

  var json: JSON {
    var members: [JSON.Member] = [
      JSON.Member("version", .integer(Self.version)),
      JSON.Member("id", .string(id)),
      JSON.Member("bundle", .string(bundle)),
      JSON.Member("rootfs", .string(rootfs)),
      JSON.Member("createdSeconds", .integer(created.seconds)),
      JSON.Member("createdNanoseconds", .integer(Int64(created.nanoseconds))),
      JSON.Member("owner", .integer(Int64(owner))),
      JSON.Member("annotations", .strings(annotations)),
      JSON.Member("bootID", .string(bootID)),
      JSON.Member("cgroupLayout", .string(cgroupLayout)),
      JSON.Member("cgroups", .strings(cgroups)),
    ]
    if let scope {
      members.append(
        JSON.Member(
          "unit",
          .object([
            JSON.Member("slice", .string(scope.unit.slice)), JSON.Member("name", .string(scope.unit.name)),
            JSON.Member("isUser", .bool(scope.isUser)),
          ])))
    }
    if let layer { members.append(JSON.Member("layer", .string(layer))) }
    if keepsLayer { members.append(JSON.Member("keepsLayer", .bool(true))) }
    if !layers.isEmpty { members.append(JSON.Member("layers", .strings(layers))) }
    return .object(members)
  }

  init?(_ json: JSON) {
    guard json["version"]?.integer == Self.version, let id = json["id"]?.string, let bundle = json["bundle"]?.string,
      let rootfs = json["rootfs"]?.string, let seconds = json["createdSeconds"]?.integer,
      let nanoseconds = json["createdNanoseconds"]?.integer, let owner = json["owner"]?.integer,
      let bootID = json["bootID"]?.string, let layout = json["cgroupLayout"]?.string,
      let cgroups = json["cgroups"]?.elements, let annotations = json["annotations"]?.members
    else { return nil }
    self.init(
      id: id, bundle: bundle, rootfs: rootfs,
      created: Timestamp(seconds: seconds, nanoseconds: UInt32(clamping: nanoseconds)),
      owner: UInt32(clamping: owner),
      annotations: Dictionary(annotations.map { ($0.key, $0.value.string ?? "") }, uniquingKeysWith: { $1 }),
      bootID: bootID, cgroupLayout: layout, cgroups: cgroups.compactMap(\.string),
      scope: json["unit"].flatMap { Self.scope($0) }, layer: json["layer"]?.string,
      keepsLayer: json["keepsLayer"] == .bool(true), layers: json["layers"]?.elements?.compactMap(\.string) ?? [])
  }

  private static func scope(_ json: JSON) -> SystemdScope? {
    guard let slice = json["slice"]?.string, let name = json["name"]?.string else { return nil }
    return SystemdScope(unit: SystemdUnit(slice: slice, name: name), isUser: json["isUser"] == .bool(true))
  }

  public init(
    id: String, bundle: String, rootfs: String, created: Timestamp, owner: UInt32, annotations: [String: String],
    bootID: String, cgroupLayout: String, cgroups: [String], scope: SystemdScope? = nil, layer: String?,
    keepsLayer: Bool = false, layers: [String] = []
  ) {
    self.id = id
    self.bundle = bundle
    self.rootfs = rootfs
    self.created = created
    self.owner = owner
    self.annotations = annotations
    self.bootID = bootID
    self.cgroupLayout = cgroupLayout
    self.cgroups = cgroups
    self.scope = scope
    self.layer = layer
    self.keepsLayer = keepsLayer
    self.layers = layers
  }
}
