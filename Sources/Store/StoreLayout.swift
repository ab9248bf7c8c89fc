public import OCI

/// Where things are in an image store. `index.json`, `oci-layout` and `blobs` are an OCI image layout, which other tools
/// read in place; all else is ours.
///
/// ```
/// version                  the format's number
/// lock                     see StoreLock
/// oci-layout index.json    the images' names
/// blobs/sha256/HEX         manifests, configurations and compressed layers
/// layers/sha256/HEX/       one unpacked layer for each diff ID: `root/` or `layer.erofs`, and `layer.json`
/// stacks/HEX/              one for each configuration: `stack.json`, and directories that complete its layers
/// kept/ID/                 containers of images
/// leases/NAME              layers that other containers use
/// holds/NAME               what a command that runs is about to use
/// downloads/HEX            blobs that are not complete
/// build/                   what builds keep for the next one: steps, digests of files, cache mounts
/// making/NAME/             what is being made, or removed
/// ```
public struct StoreLayout: Sendable, Equatable {
  /// The store's directory.
  public let path: String

  public init(_ path: String) { self.path = path }

  /// The format that `StoreUpgrade.steps` end at.
  public static let version = 1
  /// What `oci-layout` has in it.
  public static let markerText = #"{"imageLayoutVersion":"1.0.0"}"#

  public var versionFile: String { path + "/version" }
  public var lock: String { path + "/lock" }
  public var marker: String { path + "/oci-layout" }
  public var index: String { path + "/index.json" }
  public var layers: String { path + "/layers" }
  public var stacks: String { path + "/stacks" }
  public var kept: String { path + "/kept" }
  public var leases: String { path + "/leases" }
  public var holds: String { path + "/holds" }
  public var downloads: String { path + "/downloads" }
  public var making: String { path + "/making" }
  public var blobs: String { path + "/blobs" }

  public func blob(_ digest: Digest) -> String { "\(path)/\(digest.blobPath)" }

  /// The directory of an unpacked layer.
  public func layer(_ diffID: Digest) -> String { "\(layers)/\(diffID.algorithm.rawValue)/\(diffID.hex)" }

  /// The directory of what completes the layers of a configuration.
  public func stack(_ config: Digest) -> String { "\(stacks)/\(config.hex)" }

  /// What a download that was interrupted has so far.
  public func download(_ digest: Digest) -> String { "\(downloads)/\(digest.hex)" }

  /// All directories, parents first.
  public var directories: [String] {
    [path, blobs, blobs + "/sha256", layers, layers + "/sha256", stacks, kept, leases, holds, downloads, making]
  }
}
