/// An image's configuration (image-spec config.md, and docker's extensions): what its layers are, what made them, and how
/// a container of it begins.
public struct ImageConfig: Sendable, Equatable {
  public var platform: Platform
  /// RFC 3339, as it was written.
  public var created: String?
  public var author: String?
  public var defaults = ImageDefaults()
  /// The digests of the layers' archives, decompressed; bottom first.
  public var diffIDs: [Digest] = []
  public var history: [HistoryEntry] = []
  /// Members that this does not know, kept as they were.
  var others: [JSON.Member] = []

  public init(platform: Platform = .host) {
    self.platform = platform
  }

  /// More than any image has; overlayfs takes 500.
  static let mostLayers = 10_000

  /// - Throws: every fault. A config whose layers are not those of a manifest is for the caller to notice.
  public static func load(_ bytes: [UInt8]) throws(SpecFaults) -> ImageConfig {
    try SpecDecoder.load(bytes, limit: JSON.defaultLimit) { decoder, json in
      decoder.imageConfig(json)
    } _: { _, _ in
      []
    }
  }

  public var json: JSON {
    var members: [JSON.Member] = []
    if let created { members.append(JSON.Member("created", .string(created))) }
    if let author { members.append(JSON.Member("author", .string(author))) }
    members.append(JSON.Member("architecture", .string(platform.architecture)))
    if let variant = platform.variant { members.append(JSON.Member("variant", .string(variant))) }
    members.append(JSON.Member("os", .string(platform.os)))
    members.append(JSON.Member("config", defaults.json))
    members.append(
      JSON.Member(
        "rootfs",
        .object([
          JSON.Member("type", .string("layers")), JSON.Member("diff_ids", .strings(diffIDs.map(\.description))),
        ])))
    if !history.isEmpty { members.append(JSON.Member("history", .array(history.map(\.json)))) }
    return .object(members + others)
  }
}

/// One step that made an image: a layer, or a change of the configuration alone.
public struct HistoryEntry: Sendable, Equatable {
  public var created: String?
  public var createdBy: String?
  public var author: String?
  public var comment: String?
  /// It made no layer.
  public var isEmptyLayer = false

  public init(created: String? = nil, createdBy: String? = nil, comment: String? = nil, isEmptyLayer: Bool = false) {
    self.created = created
    self.createdBy = createdBy
    self.comment = comment
    self.isEmptyLayer = isEmptyLayer
  }

  var json: JSON {
    var members: [JSON.Member] = []
    if let created { members.append(JSON.Member("created", .string(created))) }
    if let createdBy { members.append(JSON.Member("created_by", .string(createdBy))) }
    if let author { members.append(JSON.Member("author", .string(author))) }
    if let comment { members.append(JSON.Member("comment", .string(comment))) }
    if isEmptyLayer { members.append(JSON.Member("empty_layer", .bool(true))) }
    return .object(members)
  }
}

/// How a container of an image begins, unless the command line says otherwise (config.md, `config`).
public struct ImageDefaults: Sendable, Equatable {
  /// `user`, `uid`, `user:group`, `uid:gid`; empty is root.
  public var user = ""
  /// Such as `80/tcp`.
  public var exposedPorts: [String] = []
  public var env: [String] = []
  public var entrypoint: [String]?
  public var cmd: [String]?
  public var volumes: [String] = []
  public var workingDirectory = ""
  public var labels: [String: String] = [:]
  public var stopSignal: String?
  /// The shell of RUN, CMD and ENTRYPOINT in their text form.
  public var shell: [String]?
  public var onBuild: [String] = []
  /// docker's health check, as it was written.
  public var healthcheck: JSON?
  /// Members that this does not know, kept as they were.
  var others: [JSON.Member] = []

  public init() {}

  /// The member `config` of a configuration, by itself.
  public static func load(_ json: JSON) throws(SpecFaults) -> ImageDefaults {
    try SpecDecoder.load(json.bytes(), limit: JSON.defaultLimit) { decoder, json in
      decoder.imageDefaults(json)
    } _: { _, _ in
      []
    }
  }

  public var json: JSON {
    var members: [JSON.Member] = []
    func add(_ key: String, _ value: JSON?) { if let value { members.append(JSON.Member(key, value)) } }
    func set(_ names: [String]) -> JSON? {
      names.isEmpty ? nil : .object(names.sorted().map { JSON.Member($0, .object([])) })
    }
    add("User", user.isEmpty ? nil : .string(user))
    add("ExposedPorts", set(exposedPorts))
    add("Env", env.isEmpty ? nil : .strings(env))
    add("Entrypoint", entrypoint.map { .strings($0) })
    add("Cmd", cmd.map { .strings($0) })
    add("Healthcheck", healthcheck)
    add("Volumes", set(volumes))
    add("WorkingDir", workingDirectory.isEmpty ? nil : .string(workingDirectory))
    add("OnBuild", onBuild.isEmpty ? nil : .strings(onBuild))
    add("Labels", labels.isEmpty ? nil : .strings(labels))
    add("StopSignal", stopSignal.map { .string($0) })
    add("Shell", shell.map { .strings($0) })
    return .object(members + others)
  }
}
