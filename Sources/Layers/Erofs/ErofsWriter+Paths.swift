/// Where in the tree a path of the archive is.
extension ErofsWriter {
  /// The file of this layer that a hard link leads to.
  func linked(_ entry: TarEntry) throws -> UInt32 {
    let parts = try components(of: entry.target)
    var target: UInt32 = 0
    if let name = parts.last, let parent = try directory(parts.dropLast(), makes: false) {
      target = tree.find(name, in: parent)
    }
    guard target != 0, !tree.inodes[Int(target)].flags.contains(.whiteout) else {
      throw Obstacle("a hard link to \(ByteText(entry.target)), which is not in this layer")
    }
    guard !tree.inodes[Int(target)].isDirectory else {
      throw LayerError("layer: \(ByteText(entry.path)): a hard link to the directory \(ByteText(entry.target))")
    }
    return target
  }

  /// Finds a directory, and makes those that are missing.
  func directory(_ parts: ArraySlice<ArraySlice<UInt8>>) throws(LayerError) -> UInt32 {
    guard let directory = try directory(parts, makes: true) else { throw LayerError("layer: no directory") }
    return directory
  }

  /// Goes to a directory. A symbolic link on the way leads where it would in a container that has this layer alone.
  ///
  /// - Returns: nil where there is none, and none is made.
  private func directory(_ parts: ArraySlice<ArraySlice<UInt8>>, makes: Bool) throws(LayerError) -> UInt32? {
    var way = [ErofsTree.root]
    var rest = Array(parts.reversed())
    var links = 0
    while let part = rest.popLast() {
      if part == Self.dot { continue }
      if part == Self.dotDot {
        if way.count > 1 { way.removeLast() }
        continue
      }
      let here = way[way.count - 1]
      let next = tree.find(part, in: here)
      let inode = tree.inodes[Int(next)]
      if next != 0, inode.isDirectory {
        way.append(next)
      } else if next != 0, inode.isLink {
        links += 1
        // An own copy: the tree's texts are changed while parts of it are still to be looked at.
        let target = Array(tree.texts[Int(inode.content)..<Int(inode.content) + Int(inode.size)])
        guard links <= 40 else { throw LayerError("layer: \(ByteText(Array(part))): too many symbolic links") }
        if target.first == UInt8(ascii: "/") { way.removeSubrange(1...) }
        rest += target.split(separator: UInt8(ascii: "/")).reversed()
      } else {
        guard makes else { return nil }
        guard part.count <= 255 else { throw LayerError("layer: a name is too long: \(ByteText(Array(part)))") }
        way.append(try makeDirectory(part, in: here, insteadOf: next))
      }
    }
    return way[way.count - 1]
  }

  private func makeDirectory(
    _ name: ArraySlice<UInt8>, in parent: UInt32, insteadOf present: UInt32
  ) throws(LayerError) -> UInt32 {
    var directory = Self.impliedDirectory
    if present != 0 {
      guard tree.inodes[Int(present)].flags.contains(.whiteout) else {
        throw LayerError("layer: \(ByteText(Array(name))) is a file and has files in it")
      }
      directory.flags.insert(.opaque)
    }
    let made = try tree.make(directory)
    try tree.link(name, in: parent, to: made)
    return made
  }

  private static let dot = [UInt8(ascii: ".")][...]
  private static let dotDot = [UInt8(ascii: "."), UInt8(ascii: ".")][...]

  /// The names of a path: absolute or not, `.` and `..` as far as they stay in the layer.
  func components(of path: [UInt8]) throws(LayerError) -> [ArraySlice<UInt8>] {
    guard path.count <= limits.path, !path.contains(0) else {
      throw LayerError("layer: a path is too long: \(ByteText(path))")
    }
    var parts: [ArraySlice<UInt8>] = []
    for part in path.split(separator: UInt8(ascii: "/")) where part != Self.dot {
      if part == Self.dotDot {
        guard parts.popLast() != nil else { throw LayerError("layer: \(ByteText(path)) leads out of the layer") }
        continue
      }
      guard part.count <= 255 else { throw LayerError("layer: a name is too long: \(ByteText(path))") }
      parts.append(part)
    }
    return parts
  }
}
