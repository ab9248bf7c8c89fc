/// A reference to content: its type, digest and size (image-spec descriptor.md).
public struct ContentDescriptor: Sendable, Equatable {
  public var mediaType: MediaType
  public var digest: Digest
  /// Bytes.
  public var size: Int64
  public var platform: Platform?
  public var annotations: [String: String] = [:]
  public var artifactType: String?

  public init(_ mediaType: MediaType, _ digest: Digest, size: Int64, platform: Platform? = nil) {
    self.mediaType = mediaType
    self.digest = digest
    self.size = size
    self.platform = platform
  }

  public var json: JSON {
    var members = [
      JSON.Member("mediaType", .string(mediaType.description)), JSON.Member("digest", .string(digest.description)),
      JSON.Member("size", .integer(size)),
    ]
    if let platform {
      var parts = [
        JSON.Member("architecture", .string(platform.architecture)), JSON.Member("os", .string(platform.os)),
      ]
      if let variant = platform.variant { parts.append(JSON.Member("variant", .string(variant))) }
      members.append(JSON.Member("platform", .object(parts)))
    }
    if let artifactType { members.append(JSON.Member("artifactType", .string(artifactType))) }
    if !annotations.isEmpty { members.append(JSON.Member("annotations", .strings(annotations))) }
    return .object(members)
  }
}

/// What an image consists of for one platform: its config, and its layers, bottom first (image-spec manifest.md; docker's
/// schema 2 has the same form).
public struct ImageManifest: Sendable, Equatable {
  public var mediaType: MediaType
  public var config: ContentDescriptor
  public var layers: [ContentDescriptor]
  public var annotations: [String: String] = [:]
  public var artifactType: String?
  public var subject: ContentDescriptor?

  public init(mediaType: MediaType = .manifest, config: ContentDescriptor, layers: [ContentDescriptor]) {
    self.mediaType = mediaType
    self.config = config
    self.layers = layers
  }

  public var json: JSON {
    var members = [
      JSON.Member("schemaVersion", .integer(2)), JSON.Member("mediaType", .string(mediaType.description)),
    ]
    if let artifactType { members.append(JSON.Member("artifactType", .string(artifactType))) }
    members.append(JSON.Member("config", config.json))
    members.append(JSON.Member("layers", .array(layers.map(\.json))))
    if let subject { members.append(JSON.Member("subject", subject.json)) }
    if !annotations.isEmpty { members.append(JSON.Member("annotations", .strings(annotations))) }
    return .object(members)
  }
}

/// A list of manifests: one image for several platforms, or the images of a layout (image-spec image-index.md).
public struct ImageIndex: Sendable, Equatable {
  public var mediaType: MediaType
  public var manifests: [ContentDescriptor]
  public var annotations: [String: String] = [:]

  public init(mediaType: MediaType = .index, manifests: [ContentDescriptor] = []) {
    self.mediaType = mediaType
    self.manifests = manifests
  }

  public var json: JSON {
    var members = [
      JSON.Member("schemaVersion", .integer(2)), JSON.Member("mediaType", .string(mediaType.description)),
      JSON.Member("manifests", .array(manifests.map(\.json))),
    ]
    if !annotations.isEmpty { members.append(JSON.Member("annotations", .strings(annotations))) }
    return .object(members)
  }

  /// The manifest for a platform: the first that fits; entries without a platform fit only when there is no other.
  public func manifest(for platform: Platform) -> ContentDescriptor? {
    let images = manifests.filter { $0.mediaType.isManifest && $0.platform?.os != "unknown" }
    let exact = images.first { $0.platform == platform }
    return exact ?? images.first { $0.platform.map(platform.accepts) ?? false }
      ?? (images.count == 1 && images[0].platform == nil ? images[0] : nil)
  }
}
