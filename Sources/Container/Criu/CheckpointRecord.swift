internal import Glibc
internal import Kernel
internal import OCI

/// What `restore` needs besides CRIU's images: `swiftcr.json` beside them.
struct CheckpointRecord: Equatable {
  static let file = "swiftcr.json"
  static let version: Int64 = 1

  var id: String
  /// What the first process had as its streams 0 to 2, as procfs names it: `pipe:[123]`, `/dev/null`.
  var streams: [String]
  /// Their names for CRIU, empty where it saves them by itself.
  var keys: [String]
  var layers: [String]
  /// The container layer, and the file system's and the file's numbers of its upper directory: another one at the same
  /// path is not the one that was saved.
  var layer: String?
  var layerIdentity: String?

  var json: JSON {
    var members = [
      JSON.Member("version", .integer(Self.version)), JSON.Member("id", .string(id)),
      JSON.Member("streams", .strings(streams)), JSON.Member("keys", .strings(keys)),
      JSON.Member("layers", .strings(layers)),
    ]
    if let layer { members.append(JSON.Member("layer", .string(layer))) }
    if let layerIdentity { members.append(JSON.Member("layerIdentity", .string(layerIdentity))) }
    return .object(members)
  }

  init(id: String, streams: [String], keys: [String], record: ContainerRecord) {
    (self.id, self.streams, self.keys, layers, layer) = (id, streams, keys, record.layers, record.layer)
    layerIdentity = record.layer.flatMap { Self.identity(of: $0) }
  }

  init?(_ bytes: [UInt8]) {
    guard let json = try? JSON.parse(bytes, limit: JSON.defaultLimit), json["version"]?.integer == Self.version,
      let id = json["id"]?.string, let streams = json["streams"]?.elements?.compactMap(\.string), streams.count == 3,
      let keys = json["keys"]?.elements?.compactMap(\.string), keys.count == 3,
      let layers = json["layers"]?.elements?.compactMap(\.string)
    else { return nil }
    (self.id, self.streams, self.keys, self.layers) = (id, streams, keys, layers)
    (layer, layerIdentity) = (json["layer"]?.string, json["layerIdentity"]?.string)
  }

  static func read(_ directory: CInt, _ path: String) throws(ContainerError) -> CheckpointRecord {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try readFile(file, limit: JSON.defaultLimit, at: directory)
    } catch {
      throw ContainerError("restore: no checkpoint of this program in \(path): \(error)", errno: error.errno)
    }
    guard let record = CheckpointRecord(bytes) else {
      throw ContainerError("restore: \(path)/\(file) is damaged, or of a newer version of this program")
    }
    return record
  }

  func write(_ directory: CInt) throws(ContainerError) {
    try kernel { () throws(SystemError) in
      let output = try Descriptor.open(Self.file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, at: directory)
      try output.writeAll(json.bytes(), subject: Self.file)
    }
  }

  static func identity(of layer: String) -> String? {
    var status = stat()
    guard stat("\(layer)/upper", &status) == 0 else { return nil }
    return "\(status.st_dev) \(status.st_ino)"
  }
}

/// The first process's streams, as they are when it is saved.
struct StreamNames {
  var names: [String] = []
  var keys: [String] = []
  /// For CRIU's dump.
  var external: [String] = []

  init(process: Int32) throws(ContainerError) {
    let mounts = Set(
      (try? readFile("/proc/\(process)/mountinfo", limit: 16 << 20))?.split(separator: UInt8(ascii: "\n"))
        .compactMap { $0.split(separator: UInt8(ascii: " ")).first.map { String(decoding: $0, as: UTF8.self) } } ?? [])
    for number in 0...2 {
      let path = "/proc/\(process)/fd/\(number)"
      var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(path, &buffer, buffer.count)
      let name = count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : ""
      names.append(name)
      var key = name.hasPrefix("pipe:[") ? name : ""
      // A file of a mount that the container does not have: the host's.
      if name.hasPrefix("/"), let mount = Self.mount(process, number), !mounts.contains(mount.id) {
        key = "file[\(mount.hexadecimal):\(mount.inode)]"
        if !external.contains(key) { external.append(key) }
      }
      keys.append(key)
    }
  }

  private static func mount(_ process: Int32, _ number: Int) -> (id: String, hexadecimal: String, inode: String)? {
    var status = stat()
    guard stat("/proc/\(process)/fd/\(number)", &status) == 0, status.st_mode & S_IFMT != S_IFIFO,
      let bytes = try? readFile("/proc/\(process)/fdinfo/\(number)", limit: 4096)
    else { return nil }
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let words = line.split { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
      guard words.count == 2, String(decoding: words[0], as: UTF8.self) == "mnt_id" else { continue }
      let id = String(decoding: words[1], as: UTF8.self)
      return (id, String(Int(id) ?? 0, radix: 16), String(status.st_ino, radix: 16))
    }
    return nil
  }
}
