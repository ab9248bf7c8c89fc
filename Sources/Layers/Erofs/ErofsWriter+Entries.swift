/// What entries and whiteouts mean to the tree.
extension ErofsWriter {
  /// Takes an entry. Its data are in the archive; of two entries with one path the last one counts, but a directory that
  /// was there keeps what is in it.
  public func add(_ entry: TarEntry) throws(LayerError) {
    guard obstacle == nil else { return }
    do {
      try take(entry)
    } catch let error as Obstacle {
      obstacle = "\(ByteText(entry.path)): \(error.reason)"
    } catch let error as LayerError {
      throw error
    } catch {
      throw LayerError("\(error)")
    }
  }

  /// Hides a path of lower layers; what this layer itself has there stays (image-spec, layer.md), alone.
  public func addWhiteout(_ path: [UInt8]) throws(LayerError) {
    try hide(path) { (parts) throws(LayerError) in
      guard let name = parts.last else { throw LayerError("layer: a whiteout of the root") }
      let parent = try directory(parts.dropLast())
      let present = tree.find(name, in: parent)
      if present == 0 {
        var whiteout = ErofsTree.Inode()
        whiteout.mode = 0o020000
        whiteout.flags = .whiteout
        try tree.link(name, in: parent, to: try tree.make(whiteout))
      } else if tree.inodes[Int(present)].isDirectory {
        tree.inodes[Int(present)].flags.insert(.opaque)
      }
    }
  }

  /// Hides all that lower layers have in a directory.
  public func addOpaque(_ path: [UInt8]) throws(LayerError) {
    try hide(path) { (parts) throws(LayerError) in
      tree.inodes[Int(try directory(parts[...]))].flags.insert(.opaque)
    }
  }

  private func hide(
    _ path: [UInt8], _ body: ([ArraySlice<UInt8>]) throws(LayerError) -> Void
  ) throws(LayerError) {
    guard obstacle == nil else { return }
    let parts = try components(of: path)
    try body(parts)
  }

  private func take(_ entry: TarEntry) throws {
    let parts = try components(of: entry.path)
    guard let name = parts.last else {
      guard entry.kind == .directory else {
        throw LayerError("layer: the root is no directory in the archive")
      }
      return try dress(ErofsTree.root, as: entry)
    }
    let parent = try directory(parts.dropLast())
    let present = tree.find(name, in: parent)
    if entry.kind == .hardLink {
      let target = try linked(entry)
      if target != present { try tree.link(name, in: parent, to: target) }
      return
    }
    if entry.kind == .directory, present != 0, tree.inodes[Int(present)].isDirectory {
      return try dress(present, as: entry)
    }
    var inode = try inode(of: entry)
    if entry.kind == .directory, present != 0, tree.inodes[Int(present)].flags.contains(.whiteout) {
      inode.flags.insert(.opaque)
    }
    try tree.link(name, in: parent, to: try tree.make(inode))
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
    inode.attributes = try tree.keep(attributes: try ErofsAttributes.encode(entry.attributes).get())
    switch entry.kind {
    case .file: try describe(entry, &inode)
    case .symbolicLink:
      guard !entry.target.isEmpty, entry.target.count <= limits.path, !entry.target.contains(0) else {
        throw LayerError("layer: \(ByteText(entry.path)): a link to nothing, or too long")
      }
      inode.mode |= 0o777
      inode.size = UInt64(entry.target.count)
      inode.content = try tree.keep(entry.target[...])
    case .characterDevice, .blockDevice:
      guard let device = ErofsFormat.device(major: entry.deviceMajor, minor: entry.deviceMinor) else {
        throw LayerError("layer: \(ByteText(entry.path)): no device can have such a number")
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
          throw LayerError("layer: \(ByteText(entry.path)): the map of a sparse file is wrong")
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

extension TarEntry.Kind {
  /// `S_IFMT` of a file's mode; a hard link has none of its own.
  var fileFormat: UInt16 {
    switch self {
    case .file, .hardLink: 0o100000
    case .symbolicLink: 0o120000
    case .characterDevice: 0o020000
    case .blockDevice: 0o060000
    case .directory: 0o040000
    case .fifo: 0o010000
    }
  }
}
