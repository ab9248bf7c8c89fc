/// What a descriptor's bytes are (image-spec media-types.md, and docker's older names).
public struct MediaType: Sendable, Hashable, CustomStringConvertible {
  public let description: String

  public init(_ text: String) { description = text }

  public static let manifest = MediaType("application/vnd.oci.image.manifest.v1+json")
  public static let index = MediaType("application/vnd.oci.image.index.v1+json")
  public static let config = MediaType("application/vnd.oci.image.config.v1+json")
  public static let layer = MediaType("application/vnd.oci.image.layer.v1.tar")
  public static let layerGzip = MediaType("application/vnd.oci.image.layer.v1.tar+gzip")
  public static let layerZstd = MediaType("application/vnd.oci.image.layer.v1.tar+zstd")
  public static let empty = MediaType("application/vnd.oci.empty.v1+json")
  public static let dockerManifest = MediaType("application/vnd.docker.distribution.manifest.v2+json")
  public static let dockerList = MediaType("application/vnd.docker.distribution.manifest.list.v2+json")
  public static let dockerConfig = MediaType("application/vnd.docker.container.image.v1+json")
  public static let dockerLayer = MediaType("application/vnd.docker.image.rootfs.diff.tar.gzip")

  public var isManifest: Bool { self == .manifest || self == .dockerManifest }
  public var isIndex: Bool { self == .index || self == .dockerList }
  /// docker's schema 1, which nobody writes any more.
  public var isObsolete: Bool { description.hasPrefix("application/vnd.docker.distribution.manifest.v1+") }
  public var isConfig: Bool { self == .config || self == .dockerConfig }

  /// Why a layer of this type cannot be unpacked; `nil` if it can.
  public var layerFault: String? {
    switch description {
    case Self.layer.description, Self.layerGzip.description, Self.layerZstd.description, Self.dockerLayer.description,
      "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.diff.tar.zstd":
      nil
    case let text where text.hasSuffix("+encrypted"): "it is encrypted"
    case let text where text.contains(".nondistributable.") || text.contains(".foreign."):
      "it is a foreign layer, which registries do not hand out"
    default: "unknown media type \(quoted(description))"
    }
  }
}
