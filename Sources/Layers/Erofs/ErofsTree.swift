/// The tree of a layer while it is read: about 130 bytes and the name for each entry, whatever the files hold.
///
/// Names and inodes are numbers into flat arrays, zero is none. A directory's names are a list in no order; one table,
/// hashed with a secret seed, finds a name in its directory.
struct ErofsTree {
  struct Flags: OptionSet {
    let rawValue: UInt8
    /// No entry said what this directory is.
    static let implied = Flags(rawValue: 1)
    /// Nothing of lower layers shows in this directory.
    static let opaque = Flags(rawValue: 2)
    static let whiteout = Flags(rawValue: 4)
    /// Below an opaque directory: no lower layer has anything here.
    static let alone = Flags(rawValue: 8)
    static let sparse = Flags(rawValue: 16)
  }

  /// Where an inode's data are.
  enum Layout: UInt8 {
    case none, archive, inline, blocks, chunks
  }

  struct Inode {
    var size: UInt64 = 0
    var seconds: Int64 = 0
    var nanoseconds: UInt32 = 0
    var uid: UInt32 = 0
    var gid: UInt32 = 0
    /// Names that lead here; of a directory, one.
    var links: UInt32 = 0
    /// `archive`: the first block; `blocks`: the first one counted from those behind the inodes; of a device, its number.
    var place: UInt32 = 0
    /// Of a directory, its first name; of a link, where its target is in `texts`; of a sparse file, its number.
    var content: UInt32 = 0
    /// Where in `attributes` its own begin, plus one.
    var attributes: UInt32 = 0
    var nid: UInt32 = 0
    var parent: UInt32 = 0
    var mode: UInt16 = 0
    var layout = Layout.none
    var flags: Flags = []
  }

  struct Name {
    var parent: UInt32
    var inode: UInt32
    var next: UInt32
    var start: UInt32
    var length: UInt32
  }

  static let root: UInt32 = 1
  /// Bytes of names, targets and attributes.
  static let mostText = 512 << 20

  var inodes: ContiguousArray<Inode> = [Inode(), Inode()]
  private(set) var names: ContiguousArray<Name> = [Name(parent: 0, inode: 0, next: 0, start: 0, length: 0)]
  /// It begins with the names of a directory itself, "." and "..": see `ErofsDirectory`.
  private(set) var texts: ContiguousArray<UInt8> = [UInt8(ascii: "."), UInt8(ascii: ".")]
  private(set) var attributes: ContiguousArray<UInt8> = []
  private var table = ContiguousArray<UInt32>(repeating: 0, count: 1024)
  /// Most files of a layer have the same few attributes, if any.
  private var knownAttributes: [ArraySlice<UInt8>: UInt32] = [:]

  /// The inode that a name in a directory leads to.
  func find(_ name: ArraySlice<UInt8>, in parent: UInt32) -> UInt32 {
    let index = table[slot(of: name, in: parent)]
    return index == 0 ? 0 : names[Int(index)].inode
  }

  mutating func make(_ inode: Inode) throws(LayerError) -> UInt32 {
    guard inodes.count < UInt32.max / 64 else { throw LayerError("more entries than an EROFS layer can hold") }
    inodes.append(inode)
    return UInt32(inodes.count - 1)
  }

  /// Lets a name lead to an inode; what it led to before loses it.
  mutating func link(_ name: ArraySlice<UInt8>, in parent: UInt32, to inode: UInt32) throws(LayerError) {
    inodes[Int(inode)].links += 1
    if inodes[Int(inode)].isDirectory { inodes[Int(inode)].parent = parent }
    let slot = slot(of: name, in: parent)
    let index = Int(table[slot])
    if index != 0 {
      let before = names[index].inode
      names[index].inode = inode
      if before != 0 { unlink(before) }
      return
    }
    let start = try keep(name)
    names.append(
      Name(
        parent: parent, inode: inode, next: inodes[Int(parent)].content, start: start, length: UInt32(name.count)))
    inodes[Int(parent)].content = UInt32(names.count - 1)
    table[slot] = UInt32(names.count - 1)
    if names.count * 2 > table.count { grow() }
  }

  /// Takes a name away.
  mutating func remove(_ name: ArraySlice<UInt8>, in parent: UInt32) {
    let index = Int(table[slot(of: name, in: parent)])
    guard index != 0, names[index].inode != 0 else { return }
    let before = names[index].inode
    names[index].inode = 0
    unlink(before)
  }

  /// Keeps a link's target.
  mutating func keep(_ text: ArraySlice<UInt8>) throws(LayerError) -> UInt32 {
    guard texts.count + text.count + attributes.count <= Self.mostText else {
      throw LayerError("more names than the \(Self.mostText >> 20) MiB that a layer may have")
    }
    texts.append(contentsOf: text)
    return UInt32(texts.count - text.count)
  }

  /// Keeps encoded attributes.
  mutating func keep(attributes bytes: [UInt8]) throws(LayerError) -> UInt32 {
    if bytes.isEmpty { return 0 }
    if let known = knownAttributes[bytes[...]] { return known }
    guard texts.count + attributes.count + bytes.count + 4 <= Self.mostText else {
      throw LayerError("more extended attributes than the \(Self.mostText >> 20) MiB that a layer may have")
    }
    let place = UInt32(attributes.count + 1)
    withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { attributes.append(contentsOf: $0) }
    attributes.append(contentsOf: bytes)
    if knownAttributes.count < 4096, bytes.count < 4096 { knownAttributes[bytes[...]] = place }
    return place
  }

  /// The encoded attributes of an inode.
  func attributes(of inode: Inode) -> ArraySlice<UInt8> {
    guard inode.attributes != 0 else { return [] }
    let start = Int(inode.attributes - 1)
    let length = (0..<4).reduce(0) { $0 | Int(attributes[start + $1]) << (8 * $1) }
    return ArraySlice(attributes[start + 4..<start + 4 + length])
  }

  /// Takes a name from an inode; a directory that has none loses all that is in it.
  private mutating func unlink(_ inode: UInt32) {
    var lost = [inode]
    while let inode = lost.popLast() {
      inodes[Int(inode)].links -= 1
      guard inodes[Int(inode)].isDirectory else { continue }
      var name = Int(inodes[Int(inode)].content)
      inodes[Int(inode)].content = 0
      while name != 0 {
        if names[name].inode != 0 { lost.append(names[name].inode) }
        names[name].inode = 0
        name = Int(names[name].next)
      }
    }
  }

  /// Where a name is in the table, or where it would be.
  private func slot(of name: ArraySlice<UInt8>, in parent: UInt32) -> Int {
    name.withUnsafeBytes { bytes in
      var hasher = Hasher()
      hasher.combine(parent)
      hasher.combine(bytes: bytes)
      let mask = table.count - 1
      var slot = hasher.finalize() & mask
      while table[slot] != 0, !isName(Int(table[slot]), bytes, in: parent) { slot = (slot + 1) & mask }
      return slot
    }
  }

  private func isName(_ index: Int, _ bytes: UnsafeRawBufferPointer, in parent: UInt32) -> Bool {
    let name = names[index]
    guard name.parent == parent, name.length == bytes.count else { return false }
    return texts[Int(name.start)..<Int(name.start) + bytes.count].elementsEqual(bytes)
  }

  private mutating func grow() {
    table = ContiguousArray(repeating: 0, count: table.count * 2)
    for index in 1..<names.count {
      let name = names[index]
      let text = ArraySlice(texts[Int(name.start)..<Int(name.start) + Int(name.length)])
      table[slot(of: text, in: name.parent)] = UInt32(index)
    }
  }
}

extension ErofsTree.Inode {
  var isDirectory: Bool { mode & 0o170000 == 0o040000 }
  var isLink: Bool { mode & 0o170000 == 0o120000 }
}
