/// Extended attributes as they lie behind an inode.
struct ErofsAttributes {
  /// The prefixes that the format knows by number; the access lists are whole names.
  private static let indexes: [(prefix: [UInt8], index: UInt8)] = [
    (Array("user.".utf8), 1),
    (Array("trusted.".utf8), 4),
    (Array("security.".utf8), 6),
  ]
  private static let accessList = Array("system.posix_acl_access".utf8)
  private static let defaultList = Array("system.posix_acl_default".utf8)

  /// What hides lower layers' files in a directory (Documentation/filesystems/overlayfs.rst).
  static let opaque = encode(index: 4, name: Array("overlay.opaque".utf8)[...], value: [UInt8(ascii: "y")])

  /// What comes between the inode and the entries: no shared ones, and no filter, which an older kernel would not look at.
  static let header = [UInt8](repeating: 0, count: ErofsFormat.attributesHeader)

  /// The entries, one after another.
  private(set) var bytes: [UInt8] = []
  /// Attributes that a file of that kind cannot have, or that are of no kind that Linux knows. A directory would not take
  /// them either.
  private(set) var dropped = 0
  /// The mode's permissions, where an access list says them: the kernel keeps the two the same.
  private(set) var permissions: UInt16?

  /// The attributes of a file. overlayfs's own are left out: in a layer they would be orders to the kernel.
  init(of entry: TarEntry) throws(Obstacle) {
    for attribute in entry.attributes where !OverlayAttribute.isReserved(attribute.name) {
      guard attribute.value.count <= Int(UInt16.max), attribute.name.count <= 255 else {
        throw Obstacle("its extended attribute \(LayerPath.text(attribute.name)) is too long")
      }
      guard let (index, name) = Self.place(attribute.name, of: entry.kind) else {
        dropped += 1
        continue
      }
      bytes += Self.encode(index: index, name: name, value: attribute.value)
      if index == 2 { permissions = Self.permissions(of: attribute.value) }
    }
    // Counted in words by the inode, with 16 bits; an opaque directory gets one more.
    guard bytes.count + Self.opaque.count <= 4 * Int(UInt16.max - 1) else {
      throw Obstacle("its extended attributes are more than 256 KiB")
    }
  }

  private static func place(_ name: [UInt8], of kind: TarEntry.Kind) -> (UInt8, ArraySlice<UInt8>)? {
    if name == accessList { return kind == .symbolicLink ? nil : (2, []) }
    if name == defaultList { return kind == .directory ? (3, []) : nil }
    guard let (prefix, index) = indexes.first(where: { name.starts(with: $0.prefix) }), name.count > prefix.count else {
      return nil
    }
    // Only a file or a directory has attributes that its owner may set (xattr(7)).
    if index == 1, kind != .file, kind != .directory { return nil }
    return (index, name.dropFirst(prefix.count))
  }

  private static func encode(index: UInt8, name: ArraySlice<UInt8>, value: [UInt8]) -> [UInt8] {
    var bytes = LittleEndian()
    bytes.add(UInt8(name.count))
    bytes.add(index)
    bytes.add(UInt16(value.count))
    var entry = bytes.bytes + name + value
    while entry.count % 4 != 0 { entry.append(0) }
    return entry
  }

  /// The permissions of an access list: those of the owner, of the mask or else the group, of all others (acl(5)).
  private static func permissions(of list: [UInt8]) -> UInt16? {
    guard list.count >= 4, (list.count - 4) % 8 == 0 else { return nil }
    var found: [UInt8: UInt16] = [:]
    for start in stride(from: 4, to: list.count, by: 8) { found[list[start]] = UInt16(list[start + 2] & 7) }
    guard let owner = found[0x01], let group = found[0x10] ?? found[0x04], let others = found[0x20] else { return nil }
    return owner << 6 | group << 3 | others
  }
}

/// A layer that this form cannot hold, though it may be a good one: the form `dir` can.
struct Obstacle: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
