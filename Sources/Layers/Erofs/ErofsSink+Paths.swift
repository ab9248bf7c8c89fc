/// Where in the tree a path of the archive is.
extension ErofsSink {
  /// The file of this layer that a hard link leads to.
  func linked(_ entry: TarEntry, _ path: [UInt8]) throws -> UInt32 {
    let target = try LayerPath.clean(entry.target)
    guard !target.isEmpty, target != path else { throw failure(entry, "a hard link to itself") }
    let (way, name) = LayerPath.split(target)
    var found: UInt32 = 0
    if let parent = try directory(way, makes: false) { found = tree.find(name, in: parent) }
    guard found != 0 else {
      throw Obstacle("a hard link to \(LayerPath.text(target)), which is not in this layer")
    }
    guard !tree.inodes[Int(found)].isDirectory else {
      throw failure(entry, "a hard link to the directory \(LayerPath.text(target))")
    }
    return found
  }

  /// Goes to a directory, and makes what is missing of it. A symbolic link on the way leads where it would with this layer
  /// as the root.
  ///
  /// - Returns: `nil` when something on the way is no directory, or is missing and not to be made.
  func directory(_ path: ArraySlice<UInt8>, makes: Bool = true) throws(LayerError) -> UInt32? {
    var way = [ErofsTree.root]
    var rest = Array(path.split(separator: LayerPath.slash).reversed())
    var links = 0
    while let part = rest.popLast() {
      // Of links only: names of entries have none of these.
      if part.elementsEqual(".".utf8) { continue }
      if part.elementsEqual("..".utf8) {
        if way.count > 1 { way.removeLast() }
        continue
      }
      let here = way[way.count - 1]
      let next = tree.find(part, in: here)
      let inode = tree.inodes[Int(next)]
      if next == 0 {
        guard makes else { return nil }
        guard part.count <= 255 else {
          throw LayerError("unpack layer: \(LayerPath.text(path)): a name is too long")
        }
        let made = try tree.make(Self.impliedDirectory)
        try tree.link(part, in: here, to: made)
        way.append(made)
      } else if inode.isDirectory {
        way.append(next)
      } else if inode.isLink {
        links += 1
        guard links <= 40, rest.count < limits.path else {
          throw LayerError("unpack layer: \(LayerPath.text(path)): too many symbolic links")
        }
        // An own copy: the tree's texts change while parts of it are still to be looked at.
        let target = Array(tree.texts[Int(inode.content)..<Int(inode.content) + Int(inode.size)])
        if target.first == LayerPath.slash { way.removeSubrange(1...) }
        rest += target.split(separator: LayerPath.slash).reversed()
      } else {
        return nil
      }
    }
    return way[way.count - 1]
  }
}
