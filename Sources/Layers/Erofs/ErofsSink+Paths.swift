/// Where in the tree a path of the archive is.
extension ErofsSink {
  /// A name in a directory that is there, or was once.
  struct Place: Hashable {
    var parent: UInt32
    var name: ArraySlice<UInt8>
  }

  private struct Step {
    var directory: UInt32
    var name: ArraySlice<UInt8>
  }

  /// Makes a hard link, or notes one to a file that is not in this layer.
  func link(_ entry: TarEntry, _ path: [UInt8], _ name: ArraySlice<UInt8>, in parent: UInt32) throws {
    let target = try LayerPath.clean(entry.target)
    guard !target.isEmpty, !LayerPath.isInside(target, path) else { throw failure(entry, "a hard link to itself") }
    let place = Place(parent: parent, name: name)
    let (way, targetName) = LayerPath.split(target)
    let targetParent = try directory(way, makes: false)
    if let targetParent, case let found = tree.find(targetName, in: targetParent), found != 0 {
      guard !tree.inodes[Int(found)].isDirectory else {
        throw failure(entry, "a hard link to the directory \(LayerPath.text(target))")
      }
      lowerLinks.forget(place)
      if found != tree.find(name, in: parent) { try tree.link(name, in: parent, to: found) }
      return
    }
    let known = targetParent.flatMap { lowerLinks.target(of: Place(parent: $0, name: targetName)) }
    tree.remove(name, in: parent)
    let directories = try walk(LayerPath.split(path).parent, makes: false)?.dropFirst().map(\.name) ?? []
    let location = Array((directories + [name]).joined(separator: [LayerPath.slash]))
    try lowerLinks.add(LowerLink(path: location, target: known ?? target), at: place)
  }

  /// Goes to a directory, and makes what is missing of it. A symbolic link on the way leads where it would with this layer
  /// as the root.
  ///
  /// - Returns: `nil` when something on the way is no directory, or is missing and not to be made.
  func directory(_ path: ArraySlice<UInt8>, makes: Bool = true) throws(LayerError) -> UInt32? {
    try walk(path, makes: makes)?.last?.directory
  }

  /// The directories on the way, each with its name, from the root on.
  private func walk(_ path: ArraySlice<UInt8>, makes: Bool) throws(LayerError) -> [Step]? {
    var way = [Step(directory: ErofsTree.root, name: [])]
    var rest = Array(path.split(separator: LayerPath.slash).reversed())
    var links = 0
    while let part = rest.popLast() {
      // Of links only: names of entries have none of these.
      if part.elementsEqual(".".utf8) { continue }
      if part.elementsEqual("..".utf8) {
        if way.count > 1 { way.removeLast() }
        continue
      }
      let here = way[way.count - 1].directory
      let next = tree.find(part, in: here)
      let inode = tree.inodes[Int(next)]
      if next == 0 {
        guard makes else { return nil }
        guard part.count <= 255 else {
          throw LayerError("unpack layer: \(LayerPath.text(path)): a name is too long")
        }
        let made = try tree.make(Self.impliedDirectory)
        try tree.link(part, in: here, to: made)
        way.append(Step(directory: made, name: part))
      } else if inode.isDirectory {
        way.append(Step(directory: next, name: part))
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
    return way
  }
}
