/// What entries and whiteouts mean to the tree.
extension ErofsSink {
  func take(_ entry: TarEntry) throws {
    let path = try LayerPath.clean(entry.path)
    guard !path.isEmpty else {
      guard entry.kind == .directory else { throw failure(entry, "the layer's root is no directory") }
      return try dress(ErofsTree.root, as: entry)
    }
    switch try Whiteout(path) {
    case .ignored: return
    case .some(let whiteout): return try ending.add(whiteout)
    case .none: break
    }
    let (way, name) = LayerPath.split(path)
    guard name.count <= 255 else { throw failure(entry, "its name is too long") }
    guard let parent = try directory(way) else { throw failure(entry, "it is in what is no directory") }
    if entry.kind == .hardLink { return try link(entry, path, name, in: parent) }
    if !lowerLinks.isEmpty { lowerLinks.forget(Place(parent: parent, name: name)) }
    let present = tree.find(name, in: parent)
    if entry.kind == .directory, present != 0, tree.inodes[Int(present)].isDirectory {
      return try dress(present, as: entry)
    }
    try tree.link(name, in: parent, to: try tree.make(try inode(of: entry)))
  }

  /// Makes whiteouts, which speak of the layers below and never of this one: a directory that is here, too, is opaque.
  func hideLowers() throws(LayerError) {
    for path in ending.opaque.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      if path.isEmpty { result.isOpaque = true }
      if let directory = try directory(path[...]) { tree.inodes[Int(directory)].flags.insert(.opaque) }
    }
    for path in ending.whiteouts.sorted(by: { $0.lexicographicallyPrecedes($1) }) where !ending.isHidden(path) {
      let (way, name) = LayerPath.split(path)
      guard let parent = try directory(way) else { continue }
      let present = tree.find(name, in: parent)
      if present == 0 {
        var whiteout = ErofsTree.Inode()
        whiteout.mode = 0o020000
        whiteout.flags = .whiteout
        try tree.link(name, in: parent, to: try tree.make(whiteout))
      } else if tree.inodes[Int(present)].isDirectory {
        tree.inodes[Int(present)].flags.insert(.opaque)
        tree.inodes[Int(present)].flags.remove(.implied)
      }
    }
  }

  func failure(_ entry: TarEntry, _ reason: String) -> LayerError {
    LayerError("unpack layer: \(LayerPath.text(entry.path)): \(reason)")
  }

  /// Gives a directory that is there already what an entry says.
  private func dress(_ directory: UInt32, as entry: TarEntry) throws {
    let new = try inode(of: entry)
    let index = Int(directory)
    tree.inodes[index].mode = new.mode
    tree.inodes[index].uid = new.uid
    tree.inodes[index].gid = new.gid
    tree.inodes[index].seconds = new.seconds
    tree.inodes[index].nanoseconds = new.nanoseconds
    tree.inodes[index].attributes = new.attributes
    tree.inodes[index].flags.remove(.implied)
  }

  private func inode(of entry: TarEntry) throws -> ErofsTree.Inode {
    var inode = ErofsTree.Inode()
    inode.mode = UInt16(entry.mode & 0o7777) | entry.kind.fileFormat
    inode.uid = entry.uid
    inode.gid = entry.gid
    inode.seconds = entry.modified.seconds
    inode.nanoseconds = entry.modified.nanoseconds
    let attributes = try ErofsAttributes(of: entry)
    result.droppedAttributes += attributes.dropped
    inode.attributes = try tree.keep(attributes: attributes.bytes)
    if let permissions = attributes.permissions { inode.mode = inode.mode & ~0o777 | permissions }
    switch entry.kind {
    case .file: try describe(entry, &inode)
    case .symbolicLink:
      guard !entry.target.isEmpty, entry.target.count <= limits.path, !entry.target.contains(0) else {
        throw failure(entry, "a link to nothing, or too long")
      }
      // A link has no permissions of its own, and Linux says so.
      inode.mode = entry.kind.fileFormat | 0o777
      inode.size = UInt64(entry.target.count)
      inode.content = try tree.keep(entry.target[...])
    case .characterDevice, .blockDevice:
      guard let device = ErofsFormat.device(major: entry.deviceMajor, minor: entry.deviceMinor) else {
        throw failure(entry, "no device can have such a number")
      }
      inode.place = device
    case .directory, .fifo, .hardLink: break
    }
    return inode
  }

  private func describe(_ entry: TarEntry, _ inode: inout ErofsTree.Inode) throws {
    inode.size = entry.size
    guard entry.size <= UInt64(Int64.max) - 4096 else { throw Obstacle("larger than any file") }
    if let extents = entry.extents {
      var end: UInt64 = 0
      for extent in extents {
        let (next, overflows) = extent.offset.addingReportingOverflow(extent.length)
        guard extent.offset >= end, !overflows, next <= entry.size else {
          throw failure(entry, "the map of a sparse file is wrong")
        }
        end = next
      }
      guard let map = ErofsChunks(size: entry.size, extents: extents, dataOffset: entry.dataOffset),
        mapEntries + map.count <= 16 * ErofsChunks.most
      else { throw Obstacle("too many holes for an EROFS layer") }
      if entry.size == 0 { return }
      mapEntries += map.count
      inode.layout = .chunks
      inode.flags.insert(.sparse)
      inode.content = UInt32(maps.count)
      maps.append(map)
    } else if entry.size > 0 {
      let place = ErofsFormat.archiveOffset + entry.dataOffset
      guard place % UInt64(ErofsFormat.block) == 0, place / UInt64(ErofsFormat.block) < ErofsFormat.mostBlocks else {
        throw Obstacle("data that do not begin on a block of the archive")
      }
      inode.layout = .archive
      inode.place = UInt32(place / UInt64(ErofsFormat.block))
    }
  }
}
