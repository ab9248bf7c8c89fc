public import OCI

/// What is known of a container of an image, from `run --image` until `rm`: its `container.json`.
public struct KeptRecord: Sendable, Equatable {
  public var id: String
  /// The image as it was asked for; its name may be another one's by now.
  public var image: String
  public var manifest: Digest
  /// The configuration's digest: the image's id.
  public var config: Digest
  /// What the container needs of the store, relative to it. As long as the record is there, nobody removes them.
  public var uses: [String]
  /// The overlay's lower directories, bottom first; relative to the store.
  public var lowers: [String]
  public var command: [String]
  public var created: Timestamp
  public var finished: Timestamp?
  /// `nil` while it runs, and when nobody waited for its end.
  public var exitCode: Int32?
  /// `--rm`.
  public var removesOnExit = false
  /// The image's defaults as this container has them; `nil` is the image's own.
  public var defaults: ImageDefaults?
  /// `--root`: where its state is while it runs.
  public var stateRoot: String
  /// Of the image; `nil` is TERM.
  public var stopSignal: String?

  static let version: Int64 = 1
  static let fileName = "container.json"
  /// A command may be as long as execve(2) takes.
  static let longest = 16 << 20

  /// - Parameter lowers: relative to the store.
  public init(
    id: String, image: StoredImage, as name: String, lowers: [String], command: [String], created: Timestamp,
    stateRoot: String
  ) {
    self.id = id
    self.image = name
    manifest = image.descriptor.digest
    config = image.id
    self.lowers = lowers
    self.command = command
    self.created = created
    self.stateRoot = stateRoot
    stopSignal = image.config.defaults.stopSignal
    uses = image.uses
  }

  public var json: JSON {
    var members = [
      JSON.Member("version", .integer(Self.version)), JSON.Member("id", .string(id)),
      JSON.Member("image", .string(image)), JSON.Member("manifest", .string(manifest.description)),
      JSON.Member("config", .string(config.description)), JSON.Member("uses", .strings(uses)),
      JSON.Member("lowers", .strings(lowers)), JSON.Member("command", .strings(command)),
      JSON.Member("created", created.json),
    ]
    if let finished { members.append(JSON.Member("finished", finished.json)) }
    if let exitCode { members.append(JSON.Member("exitCode", .integer(Int64(exitCode)))) }
    if let defaults { members.append(JSON.Member("defaults", defaults.json)) }
    members.append(JSON.Member("removesOnExit", .bool(removesOnExit)))
    members.append(JSON.Member("stateRoot", .string(stateRoot)))
    if let stopSignal { members.append(JSON.Member("stopSignal", .string(stopSignal))) }
    return .object(members)
  }

  init?(_ json: JSON) {
    guard json["version"]?.integer == Self.version, let id = json["id"]?.string, let image = json["image"]?.string,
      let manifest = json["manifest"]?.string.flatMap({ try? Digest(validating: $0) }),
      let config = json["config"]?.string.flatMap({ try? Digest(validating: $0) }),
      let uses = json["uses"]?.elements, let lowers = json["lowers"]?.elements,
      let command = json["command"]?.elements, let created = Timestamp(json["created"]),
      let stateRoot = json["stateRoot"]?.string
    else { return nil }
    self.id = id
    self.image = image
    self.manifest = manifest
    self.config = config
    self.uses = uses.compactMap(\.string)
    self.lowers = lowers.compactMap(\.string)
    self.command = command.compactMap(\.string)
    self.created = created
    finished = Timestamp(json["finished"])
    exitCode = json["exitCode"]?.integer.flatMap { Int32(exactly: $0) }
    removesOnExit = json["removesOnExit"] == .bool(true)
    if let text = json["defaults"] {
      guard let defaults = try? ImageDefaults.load(text) else { return nil }
      self.defaults = defaults
    }
    self.stateRoot = stateRoot
    stopSignal = json["stopSignal"]?.string
  }
}

extension Timestamp {
  fileprivate var json: JSON {
    .object([
      JSON.Member("seconds", .integer(seconds)), JSON.Member("nanoseconds", .integer(Int64(nanoseconds))),
    ])
  }

  fileprivate init?(_ json: JSON?) {
    guard let seconds = json?["seconds"]?.integer, let nanoseconds = json?["nanoseconds"]?.integer else { return nil }
    self.init(seconds: seconds, nanoseconds: UInt32(clamping: nanoseconds))
  }
}
