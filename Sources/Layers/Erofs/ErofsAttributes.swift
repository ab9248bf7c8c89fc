/// Extended attributes as they lie behind an inode.
enum ErofsAttributes {
  /// The prefixes that the format knows by number; the access lists are whole names.
  private static let indexes: [(prefix: [UInt8], index: UInt8)] = [
    (Array("user.".utf8), 1),
    (Array("trusted.".utf8), 4),
    (Array("security.".utf8), 6),
  ]
  private static let accessLists: [(name: [UInt8], index: UInt8)] = [
    (Array("system.posix_acl_access".utf8), 2),
    (Array("system.posix_acl_default".utf8), 3),
  ]

  /// What hides lower layers' files in a directory (Documentation/filesystems/overlayfs.rst).
  static let opaque = encode(index: 4, name: Array("overlay.opaque".utf8)[...], value: [UInt8(ascii: "y")])

  /// The entries of a file's attributes, or the reason why the format cannot hold them.
  ///
  /// overlayfs's own are left out: in a layer they would be orders to the kernel.
  static func encode(_ attributes: [TarEntry.Attribute]) -> Result<[UInt8], Obstacle> {
    var bytes: [UInt8] = []
    for attribute in attributes where !OverlayAttribute.isReserved(attribute.name) {
      guard attribute.value.count <= Int(UInt16.max), attribute.name.count <= 255 else {
        return .failure(Obstacle("extended attribute \(ByteText(attribute.name)) is too long"))
      }
      if let list = accessLists.first(where: { $0.name == attribute.name }) {
        bytes += encode(index: list.index, name: [], value: attribute.value)
      } else if let (prefix, index) = indexes.first(where: { attribute.name.starts(with: $0.prefix) }),
        attribute.name.count > prefix.count
      {
        bytes += encode(index: index, name: attribute.name.dropFirst(prefix.count), value: attribute.value)
      } else {
        return .failure(Obstacle("extended attribute \(ByteText(attribute.name)) is of no kind that EROFS has"))
      }
    }
    guard bytes.count + opaque.count <= 4 * Int(UInt16.max - 1) else {
      return .failure(Obstacle("extended attributes of more than 256 KiB"))
    }
    return .success(bytes)
  }

  /// What comes between the inode and the entries: no shared ones, and no filter, which an older kernel would not look at.
  static let header = [UInt8](repeating: 0, count: ErofsFormat.attributesHeader)

  private static func encode(index: UInt8, name: ArraySlice<UInt8>, value: [UInt8]) -> [UInt8] {
    var bytes = LittleEndian()
    bytes.add(UInt8(name.count))
    bytes.add(index)
    bytes.add(UInt16(value.count))
    var entry = bytes.bytes + name + value
    while entry.count % 4 != 0 { entry.append(0) }
    return entry
  }
}

/// A layer that this form cannot hold, though it may be a good one: the form `dir` can.
struct Obstacle: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
