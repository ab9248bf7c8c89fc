/// Gives every inode its place behind the archive, and writes them: first all inodes, those of a directory next to each
/// other, then the blocks of directories, links and copied chunks that have no room beside their inode.
struct ErofsLayout {
  private var tree: ErofsTree
  private let maps: [ErofsChunks]
  /// Where the metadata begin.
  private let firstBlock: UInt64
  /// In the order of their places.
  private var order: ContiguousArray<UInt32> = []
  private var inodeBytes = 0
  private var blocks: UInt64 = 0
  /// Paths of directories that no entry said anything about.
  private(set) var impliedDirectories: [[UInt8]] = []

  init(tree: consuming ErofsTree, maps: [ErofsChunks], firstBlock: UInt64) {
    self.tree = tree
    self.maps = maps
    self.firstBlock = firstBlock
  }

  /// - Returns: false if blocks have not enough numbers.
  mutating func place() throws(LayerError) -> Bool {
    order.reserveCapacity(tree.inodes.count)
    // Number zero is left free: readers of directories take it for an entry that is gone.
    inodeBytes = ErofsFormat.inodeSize
    try placeInode(ErofsTree.root)
    var pending: [(directory: UInt32, path: [UInt8])] = [(ErofsTree.root, [])]
    while let (directory, path) = pending.popLast() {
      let items = ErofsDirectory(directory, in: tree).items
      let isAlone = !tree.inodes[Int(directory)].flags.isDisjoint(with: [.opaque, .alone])
      let deeper = pending.count
      if tree.inodes[Int(directory)].flags.contains(.implied), !path.isEmpty { impliedDirectories.append(path) }
      for item in items where item.start > 0 || item.length > 2 {
        if tree.inodes[Int(item.inode)].nid != 0 { continue }
        if tree.inodes[Int(item.inode)].isDirectory {
          if isAlone { tree.inodes[Int(item.inode)].flags.insert(.alone) }
          let name = tree.texts[item.start..<item.start + item.length]
          pending.append((item.inode, path.isEmpty ? Array(name) : path + [UInt8(ascii: "/")] + name))
        }
        try placeInode(item.inode)
      }
      pending[deeper...].reverse()
    }
    return firstBlock + inodeBlocks + blocks <= ErofsFormat.mostBlocks
  }

  private var inodeBlocks: UInt64 { UInt64((inodeBytes + ErofsFormat.block - 1) / ErofsFormat.block) }

  private mutating func placeInode(_ number: UInt32) throws(LayerError) {
    var inode = tree.inodes[Int(number)]
    if inode.isDirectory { inode.size = UInt64(ErofsDirectory(number, in: tree).size) }
    let head = ErofsFormat.inodeSize + attributeBytes(of: inode)
    var start = inodeBytes
    var tail = 0
    if inode.isDirectory || inode.isLink {
      let size = Int(inode.size)
      if head + size <= ErofsFormat.block {
        inode.layout = .inline
        tail = size
        // Such data may not lie on both sides of a block's boundary.
        let left = ErofsFormat.block - start % ErofsFormat.block
        if head + size > left { start += left }
      } else {
        inode.layout = .blocks
        inode.place = UInt32(clamping: blocks)
        blocks += UInt64((size + ErofsFormat.block - 1) / ErofsFormat.block)
      }
    } else if inode.layout == .chunks {
      inode.place = UInt32(clamping: blocks)
      let map = maps[Int(inode.content)]
      tail = 4 * map.count
      try map.forEach { (chunk) throws(LayerError) in
        if case .copied(_, let count) = chunk { blocks += count }
      }
    }
    inode.nid = UInt32(start / ErofsFormat.slot)
    tree.inodes[Int(number)] = inode
    order.append(number)
    inodeBytes = (start + head + tail + ErofsFormat.slot - 1) / ErofsFormat.slot * ErofsFormat.slot
    guard inodeBytes / ErofsFormat.slot < Int(UInt32.max) else {
      throw LayerError("more metadata than an EROFS layer can hold")
    }
  }

  private func attributeBytes(of inode: ErofsTree.Inode) -> Int {
    let own = tree.attributes(of: inode).count
    let all = own + (inode.flags.contains(.opaque) ? ErofsAttributes.opaque.count : 0)
    return all == 0 ? 0 : ErofsFormat.attributesHeader + all
  }

  // MARK: - Writing

  /// Writes everything but the archive, the superblock last.
  func write(to file: CInt) throws(LayerError) {
    let start = firstBlock * UInt64(ErofsFormat.block)
    let tail = firstBlock + inodeBlocks
    let output = PositionedOutput(file)
    for (number, index) in order.enumerated() {
      let inode = tree.inodes[Int(index)]
      output.move(to: start + UInt64(inode.nid) * UInt64(ErofsFormat.slot))
      let directory = inode.isDirectory ? ErofsDirectory(index, in: tree) : nil
      let attributeBytes = attributeBytes(of: inode)
      let place: UInt32 =
        switch inode.layout {
        case .none: inode.place
        case .archive: inode.place
        case .inline: 0
        case .blocks: UInt32(tail) + inode.place
        case .chunks: UInt32(maps[Int(inode.content)].bits)
        }
      try output.write(
        ErofsFormat.inode(
          inode, number: UInt32(number + 1), links: directory?.links(in: tree) ?? inode.links,
          attributeBytes: attributeBytes, place: place))
      if attributeBytes > 0 {
        try output.write(ErofsAttributes.header + tree.attributes(of: inode))
        if inode.flags.contains(.opaque) { try output.write(ErofsAttributes.opaque) }
      }
      if inode.layout == .inline { try writeData(of: inode, directory, output) }
      if inode.layout == .chunks { try writeMap(of: inode, tail: tail, output) }
    }
    for index in order where tree.inodes[Int(index)].layout == .blocks {
      let inode = tree.inodes[Int(index)]
      output.move(to: (tail + UInt64(inode.place)) * UInt64(ErofsFormat.block))
      try writeData(of: inode, inode.isDirectory ? ErofsDirectory(index, in: tree) : nil, output)
    }
    try output.flush()
    for index in order where tree.inodes[Int(index)].layout == .chunks { try copyChunks(of: index, tail, file) }
    // Whole pages: the kernel reads the file in those.
    let end = ((tail + blocks) * UInt64(ErofsFormat.block) + 4095) / 4096 * 4096
    try PositionedOutput.setSize(end, of: file)
    output.move(to: ErofsFormat.superblockOffset)
    try output.write(
      ErofsFormat.superblock(
        root: UInt16(tree.inodes[Int(ErofsTree.root)].nid), inodes: order.count,
        blocks: end / UInt64(ErofsFormat.block), firstMetadataBlock: UInt32(firstBlock), hasChunks: !maps.isEmpty))
    try output.flush()
  }

  private func writeData(
    of inode: ErofsTree.Inode, _ directory: ErofsDirectory?, _ output: PositionedOutput
  ) throws(LayerError) {
    if let directory {
      try directory.write(tree) { (block) throws(LayerError) in try output.write(block) }
    } else {
      try output.write(Array(tree.texts[Int(inode.content)..<Int(inode.content) + Int(inode.size)]))
    }
  }

  private func writeMap(
    of inode: ErofsTree.Inode, tail: UInt64, _ output: PositionedOutput
  ) throws(LayerError) {
    var next = tail + UInt64(inode.place)
    var bytes = LittleEndian()
    try maps[Int(inode.content)].forEach { (chunk) throws(LayerError) in
      switch chunk {
      case .hole: bytes.add(ErofsChunks.hole)
      case .inPlace(let block): bytes.add(block)
      case .copied(_, let count):
        bytes.add(UInt32(next))
        next += count
      }
    }
    try output.write(bytes.bytes)
  }

  private func copyChunks(of index: UInt32, _ tail: UInt64, _ file: CInt) throws(LayerError) {
    let inode = tree.inodes[Int(index)]
    var next = tail + UInt64(inode.place)
    try maps[Int(inode.content)].forEach { (chunk) throws(LayerError) in
      guard case .copied(let pieces, let count) = chunk else { return }
      for piece in pieces {
        try PositionedOutput.copy(
          from: piece.from, to: next * UInt64(ErofsFormat.block) + piece.to, length: piece.length, in: file)
      }
      next += count
    }
  }
}
