/// A manifest or an index, whichever the bytes are.
public enum ManifestDocument: Sendable, Equatable {
  case manifest(ImageManifest)
  case index(ImageIndex)

  public var mediaType: MediaType {
    switch self {
    case .manifest(let manifest): manifest.mediaType
    case .index(let index): index.mediaType
    }
  }

  /// As distribution-spec asks registries to take at least.
  public static let longest = 4 << 20
  /// More than any image has; a store's own index may have one for each image.
  static let mostDescriptors = 1 << 20

  /// - Parameter mediaType: what the bytes were announced as; `nil` leaves it to the document.
  /// - Throws: every fault, also when document and announcement contradict each other: bytes that are a manifest to one
  ///   reader and an index to another are an attack (CVE-2021-41190).
  public static func load(
    _ bytes: [UInt8], mediaType: MediaType? = nil, limit: Int = longest
  ) throws(SpecFaults) -> ManifestDocument {
    try SpecDecoder.load(bytes, limit: limit) { decoder, json in
      decode(json, announced: mediaType, &decoder)
    } _: { _, _ in
      []
    }
  }

  private static func decode(_ json: JSON, announced: MediaType?, _ decoder: inout SpecDecoder) -> ManifestDocument {
    let written = json["mediaType"]?.string.flatMap { $0.isEmpty ? nil : MediaType($0) }
    if let announced, let written, announced != written {
      decoder.fault("announced as \(quoted(announced.description)), says \(quoted(written.description)) of itself")
    }
    let (hasManifests, hasConfig) = (json["manifests"] != nil, json["config"] != nil || json["layers"] != nil)
    let type = written ?? announced ?? (hasManifests ? .index : .manifest)
    if type.isObsolete || json["schemaVersion"] == .integer(1) {
      decoder.fault("docker's schema 1, which is not supported: push the image again with a current tool")
    } else if !type.isIndex, !type.isManifest {
      decoder.fault("unknown media type \(quoted(type.description))")
    } else if hasManifests, hasConfig || type.isManifest {
      decoder.fault("a manifest and an index in one document")
    } else if hasConfig, type.isIndex {
      decoder.fault("an index with config or layers")
    }
    return type.isIndex
      ? .index(decoder.index(json, type)) : .manifest(decoder.manifest(json, type))
  }
}

extension SpecDecoder {
  fileprivate mutating func index(_ json: JSON, _ type: MediaType) -> ImageIndex {
    var index = ImageIndex(mediaType: type)
    members(json) { decoder, key, value in
      switch key {
      case "schemaVersion": decoder.schemaVersion(value)
      case "manifests": index.manifests = decoder.descriptors(value)
      case "annotations": index.annotations = decoder.map(value) { $0.string($1) }
      default: break
      }
    }
    require(["schemaVersion", "manifests"], in: json)
    return index
  }

  fileprivate mutating func manifest(_ json: JSON, _ type: MediaType) -> ImageManifest {
    var (config, layers): (ContentDescriptor?, [ContentDescriptor]) = (nil, [])
    var (subject, annotations): (ContentDescriptor?, [String: String]) = (nil, [:])
    var artifactType: String?
    members(json) { decoder, key, value in
      switch key {
      case "schemaVersion": decoder.schemaVersion(value)
      case "config": config = decoder.contentDescriptor(value)
      case "layers": layers = decoder.descriptors(value)
      case "subject": subject = decoder.contentDescriptor(value)
      case "artifactType": artifactType = decoder.text(value)
      case "annotations": annotations = decoder.map(value) { $0.string($1) }
      default: break
      }
    }
    require(["schemaVersion", "config", "layers"], in: json)
    // Never used: the fault above is thrown first.
    let missing = ContentDescriptor(.empty, Digest(sha256: [UInt8](repeating: 0, count: 32)), size: 0)
    var manifest = ImageManifest(mediaType: type, config: config ?? missing, layers: layers)
    (manifest.subject, manifest.annotations, manifest.artifactType) = (subject, annotations, artifactType)
    return manifest
  }

  private mutating func schemaVersion(_ json: JSON) {
    if json != .integer(2) { fault("expected 2") }
  }

  private mutating func descriptors(_ json: JSON) -> [ContentDescriptor] {
    if let count = json.elements?.count, count > ManifestDocument.mostDescriptors {
      fault("more than \(ManifestDocument.mostDescriptors) descriptors")
      return []
    }
    return list(json) { $0.contentDescriptor($1) }
  }

  mutating func contentDescriptor(_ json: JSON) -> ContentDescriptor? {
    var (type, digest, size): (String?, Digest?, Int64?) = (nil, nil, nil)
    var (platform, annotations): (Platform?, [String: String]) = (nil, [:])
    var artifactType: String?
    members(json) { decoder, key, value in
      switch key {
      case "mediaType": type = decoder.text(value)
      case "digest": digest = decoder.digest(value)
      case "size":
        size = decoder.integer(value)
        if let bytes = size, bytes < 0 { decoder.fault("expected a size, found \(bytes)") }
      case "platform": platform = decoder.platform(value)
      case "annotations": annotations = decoder.map(value) { $0.string($1) }
      case "artifactType": artifactType = decoder.text(value)
      default: break
      }
    }
    require(["mediaType", "digest", "size"], in: json)
    guard let type, let digest, let size else { return nil }
    var descriptor = ContentDescriptor(MediaType(type), digest, size: size, platform: platform)
    (descriptor.annotations, descriptor.artifactType) = (annotations, artifactType)
    return descriptor
  }

  mutating func digest(_ json: JSON) -> Digest? {
    guard let text = string(json) else { return nil }
    do { return try Digest(validating: text) } catch { fault("\(error)") }
    return nil
  }

  private mutating func platform(_ json: JSON) -> Platform? {
    var platform = Platform(os: "", architecture: "")
    members(json) { decoder, key, value in
      switch key {
      case "os": platform.os = decoder.string(value) ?? ""
      case "architecture": platform.architecture = decoder.string(value) ?? ""
      case "variant": platform.variant = decoder.text(value)
      default: break
      }
    }
    return platform
  }
}
