internal import Kernel
public import Layers
public import OCI
internal import Store

/// What is known of an unpacked layer: its `layer.json`.
public struct LayerRecord: Sendable, Equatable {
  public enum Form: String, Sendable {
    /// The directory `root`.
    case directory = "dir"
    /// The file `layer.erofs`.
    case filesystem = "erofs"

    var fileName: String { self == .directory ? "root" : "layer.erofs" }
  }

  public var diffID: Digest
  public var form: Form
  /// Bytes of the archive.
  public var size: UInt64
  public var entries: Int
  /// Directories that the archive has files in, but says nothing of.
  public var impliedDirectories: [[UInt8]]
  /// The archive says nothing of the layer's root.
  public var impliesRoot: Bool
  /// Its root hides everything below.
  public var hidesAllBelow: Bool
  /// Hard links to files that only a layer below can have; each stack has them right above the layer.
  public var lowerLinks: [LowerLink] = []
  /// Of a file with a file system: the digest of all in it but the archive.
  var metadata: Digest?

  static let fileName = "layer.json"
  private static let longest = 256 << 20

  var json: JSON {
    var members = [
      JSON.Member("diffID", .string(diffID.description)), JSON.Member("form", .string(form.rawValue)),
      JSON.Member("size", .integer(Int64(clamping: size))), JSON.Member("entries", .integer(Int64(entries))),
      JSON.Member("impliedDirectories", .strings(impliedDirectories.map(Self.text))),
      JSON.Member("impliesRoot", .bool(impliesRoot)), JSON.Member("hidesAllBelow", .bool(hidesAllBelow)),
    ]
    if !lowerLinks.isEmpty {
      let links = lowerLinks.map { JSON.strings([Self.text($0.path), Self.text($0.target)]) }
      members.append(JSON.Member("lowerLinks", .array(links)))
    }
    if let metadata { members.append(JSON.Member("metadata", .string(metadata.description))) }
    return .object(members)
  }

  init(
    diffID: Digest, form: Form, size: UInt64, entries: Int, impliedDirectories: [[UInt8]], impliesRoot: Bool,
    hidesAllBelow: Bool
  ) {
    self.diffID = diffID
    self.form = form
    self.size = size
    self.entries = entries
    self.impliedDirectories = impliedDirectories
    self.impliesRoot = impliesRoot
    self.hidesAllBelow = hidesAllBelow
  }

  /// What came out of unpacking.
  init(_ facts: LayerFacts, form: Form, impliedDirectories: [[UInt8]], impliesRoot: Bool, hidesAllBelow: Bool) {
    self.init(
      diffID: Digest(sha256: facts.diffHash), form: form, size: facts.archiveSize, entries: facts.entries,
      impliedDirectories: impliedDirectories, impliesRoot: impliesRoot,
      hidesAllBelow: hidesAllBelow)
  }

  /// `nil` when there is none, or it is damaged.
  init?(reading path: String) {
    guard let bytes = try? readFile(path, limit: Self.longest), let json = try? JSON.parse(bytes, limit: Self.longest),
      let diffID = json["diffID"]?.string.flatMap({ try? Digest(validating: $0) }),
      let form = json["form"]?.string.flatMap({ Form(rawValue: $0) }), let size = json["size"]?.integer,
      let entries = json["entries"]?.integer, let implied = json["impliedDirectories"]?.elements?.compactMap(\.string)
    else { return nil }
    self.init(
      diffID: diffID, form: form, size: UInt64(clamping: size), entries: Int(entries),
      impliedDirectories: implied.compactMap(Self.path),
      impliesRoot: json["impliesRoot"] == .bool(true), hidesAllBelow: json["hidesAllBelow"] == .bool(true))
    for link in json["lowerLinks"]?.elements ?? [] {
      let paths = (link.elements ?? []).compactMap(\.string).compactMap(Self.path)
      guard paths.count == 2 else { return nil }
      lowerLinks.append(LowerLink(path: paths[0], target: paths[1]))
    }
    metadata = json["metadata"]?.string.flatMap { try? Digest(validating: $0) }
  }

  /// A path in JSON, which has no place for bytes that are not UTF-8: then in hexadecimal digits behind a `/`, with which
  /// no path here begins.
  private static func text(_ path: [UInt8]) -> String {
    let text = String(decoding: path, as: UTF8.self)
    if text.utf8.elementsEqual(path) { return text }
    return "/" + path.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  private static func path(_ text: String) -> [UInt8]? {
    guard text.hasPrefix("/") else { return Array(text.utf8) }
    let digits = Array(text.utf8.dropFirst())
    return stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(decoding: digits[$0..<min($0 + 2, digits.count)], as: UTF8.self), radix: 16)
    }
  }
}

extension ImageLibrary {
  /// `nil` when the layer is not unpacked.
  public func layerRecord(_ diffID: Digest) -> LayerRecord? {
    LayerRecord(reading: "\(layout.layer(diffID))/\(LayerRecord.fileName)")
  }
}
