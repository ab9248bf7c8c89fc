internal import Kernel
internal import Layers
internal import OCI
internal import Store

internal import struct Crypto.SHA256

/// What a stage has come to after some of its steps: an image that has not been stored.
struct StageState: Sendable {
  var config: ImageConfig
  /// Of the base image; those of new layers are known later.
  var baseLayers: [ContentDescriptor] = []
  var mediaType = MediaType.manifest
  /// Made on top of the base.
  var layers: [BuiltLayer] = []
  /// Stands for all files: equal ones have equal layers.
  private(set) var files: Digest
  /// The base's lower directories, relative to the store, bottom first.
  var baseLowers: [String] = []
  /// Declared with ARG: a stage on top of this one has them as well.
  var arguments: [(name: String, value: String?)] = []
  /// When the last step was made: that is when the image was, as long as all is cached.
  var created: String?

  /// Nothing; with what BuildKit gives to everything that is built from it.
  init(scratch platform: Platform) {
    config = ImageConfig(platform: platform)
    config.defaults.env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    config.defaults.workingDirectory = "/"
    files = Self.digest(["scratch"])
  }

  init(_ image: StoredImage, lowers: [String]) {
    config = image.config
    baseLayers = image.manifest.layers
    mediaType = image.manifest.mediaType
    baseLowers = lowers
    created = image.config.created
    files = Self.digest(image.config.diffIDs.map(\.hex))
  }

  mutating func push(_ layer: BuiltLayer) {
    layers.append(layer)
    config.diffIDs.append(layer.diffID)
    files = Self.digest([files.hex, layer.diffID.hex])
  }

  /// Adds a line of the history.
  mutating func note(_ text: String, _ created: Timestamp, isEmpty: Bool) {
    self.created = "\(created)"
    var entry = HistoryEntry(
      created: "\(created)", createdBy: text, comment: "swiftcr.dockerfile", isEmptyLayer: isEmpty)
    entry.author = config.author
    config.history.append(entry)
    config.created = "\(created)"
  }

  /// What would be the id of the image.
  var imageID: Digest { ImageLibrary.digest(of: config.json.bytes()) }

  private static func digest(_ texts: [String]) -> Digest {
    ImageLibrary.digest(of: Array(texts.joined(separator: "\n").utf8))
  }
}
