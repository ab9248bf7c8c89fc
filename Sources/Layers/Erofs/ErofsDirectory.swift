/// The data of a directory: blocks, each with its entries first and their names behind, all in the order of their bytes.
struct ErofsDirectory {
  struct Item {
    let start: Int
    let length: Int
    let inode: UInt32
  }

  private static let entrySize = 12

  let items: [Item]

  /// - Parameter directory: an inode of the tree.
  init(_ directory: UInt32, in tree: ErofsTree) {
    let inode = tree.inodes[Int(directory)]
    // "." and "..", which are the beginning of all texts.
    var items = [Item(start: 0, length: 1, inode: directory), Item(start: 0, length: 2, inode: inode.parent)]
    let hidesLowers = !inode.flags.isDisjoint(with: [.opaque, .alone])
    var index = Int(inode.content)
    while index != 0 {
      let name = tree.names[index]
      index = Int(name.next)
      guard name.inode != 0 else { continue }
      // Where nothing is to be hidden, overlayfs would list a whiteout as a file that cannot be opened.
      if hidesLowers, tree.inodes[Int(name.inode)].flags.contains(.whiteout) { continue }
      items.append(Item(start: Int(name.start), length: Int(name.length), inode: name.inode))
    }
    self.items = tree.texts.withUnsafeBytes { texts in
      items.sorted { left, right in
        UnsafeRawBufferPointer(rebasing: texts[left.start..<left.start + left.length]).lexicographicallyPrecedes(
          UnsafeRawBufferPointer(rebasing: texts[right.start..<right.start + right.length]))
      }
    }
  }

  /// Bytes of the blocks; the last one counts as far as it is used.
  var size: Int {
    var blocks = 0
    var used = 0
    for item in items {
      let needed = Self.entrySize + item.length
      if used + needed > ErofsFormat.block { (blocks, used) = (blocks + 1, 0) }
      used += needed
    }
    return blocks * ErofsFormat.block + used
  }

  /// Subdirectories and the two names that every directory has for itself.
  func links(in tree: ErofsTree) -> UInt32 {
    items.reduce(0) { $0 + (tree.inodes[Int($1.inode)].isDirectory ? 1 : 0) }
  }

  /// Calls `body` with one block after another; the last one may be short.
  func write(_ tree: ErofsTree, _ body: ([UInt8]) throws(LayerError) -> Void) throws(LayerError) {
    var first = 0
    while first < items.count {
      var end = first
      var used = 0
      while end < items.count, used + Self.entrySize + items[end].length <= ErofsFormat.block {
        used += Self.entrySize + items[end].length
        end += 1
      }
      var bytes = LittleEndian()
      var nameOffset = (end - first) * Self.entrySize
      for item in items[first..<end] {
        let inode = tree.inodes[Int(item.inode)]
        bytes.add(UInt64(inode.nid))
        bytes.add(UInt16(nameOffset))
        bytes.add(ErofsFormat.fileType(mode: inode.mode))
        bytes.add(UInt8(0))
        nameOffset += item.length
      }
      var block = bytes.bytes
      for item in items[first..<end] { block.append(contentsOf: tree.texts[item.start..<item.start + item.length]) }
      if end < items.count { block.append(contentsOf: repeatElement(0, count: ErofsFormat.block - block.count)) }
      try body(block)
      first = end
    }
  }
}
