public import OCI

/// What a container of an image is mounted from, made once when the image was stored.
///
/// A layer knows nothing of those below it. What depends on them is made for each image: directories that a layer only
/// implies, and must not hide the attributes of (a *fix-up* right above it); the places on which a container's files and
/// file systems are mounted; the accounts, so that a start need not look for them in the layers.
public struct LayerStackFile: Sendable, Equatable {
  /// One directory, or file with a file system, of the overlay; relative to the store.
  public struct Lower: Sendable, Equatable {
    public var path: String

    public init(path: String) { self.path = path }

    /// Whether it is a file that has to be mounted.
    public var isFilesystem: Bool { path.hasSuffix(".erofs") }
  }

  /// Bottom first.
  public var lowers: [Lower]
  /// The image's `/etc/passwd`, and `/etc/group`; empty when there is none.
  public var passwd: [UInt8]
  public var group: [UInt8]

  public static let fileName = "stack.json"
  /// Accounts may have a megabyte each.
  static let longest = 16 << 20

  public init(lowers: [Lower], passwd: [UInt8] = [], group: [UInt8] = []) {
    self.lowers = lowers
    self.passwd = passwd
    self.group = group
  }

  public var json: JSON {
    .object([
      JSON.Member("lowers", .strings(lowers.map(\.path))),
      JSON.Member("passwd", .string(String(decoding: passwd, as: UTF8.self))),
      JSON.Member("group", .string(String(decoding: group, as: UTF8.self))),
    ])
  }

  init?(_ json: JSON) {
    guard let lowers = json["lowers"]?.elements?.compactMap(\.string), !lowers.isEmpty,
      // Written by us; but a name never leads out of the store.
      lowers.allSatisfy({ !$0.hasPrefix("/") && !$0.split(separator: "/").contains("..") })
    else { return nil }
    self.init(
      lowers: lowers.map { Lower(path: $0) }, passwd: Array((json["passwd"]?.string ?? "").utf8),
      group: Array((json["group"]?.string ?? "").utf8))
  }
}

extension ImageStore {
  /// The stack of an image.
  ///
  /// - Returns: `nil` when there is none yet: the image came into the store by another tool, say.
  public func stack(of image: StoredImage) throws(StoreError) -> LayerStackFile? { try stack(of: image.id) }

  /// The stack of an image by its id.
  public func stack(of id: Digest) throws(StoreError) -> LayerStackFile? {
    let path = layout.stack(id) + "/" + LayerStackFile.fileName
    guard let bytes = try readIfThere(path, limit: LayerStackFile.longest) else { return nil }
    guard let json = try? JSON.parse(bytes, limit: LayerStackFile.longest), let stack = LayerStackFile(json) else {
      throw StoreError("\(path) is damaged: run 'swiftcr image verify --repair'")
    }
    return stack
  }

  /// The absolute path of one of a stack's lower directories.
  public func path(of lower: LayerStackFile.Lower) -> String { "\(layout.path)/\(lower.path)" }
}
