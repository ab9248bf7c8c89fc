internal import CLinux
internal import Glibc
public import Kernel

/// Makes a layer's hard links to files of the layers below, in a directory that goes right above the layer.
///
/// The file is copied: overlayfs, too, gives a lower file that is written to a copy without its other names. What the file
/// was called before leads to the copy as well, unless the layer has something else there.
public enum LowerFiles {
  private struct Inode: Hashable {
    let device: dev_t
    let number: ino_t
  }

  /// - Parameters:
  ///   - links: of the topmost layer of the tree, in the order of its archive.
  ///   - copies: which layers of the tree are such directories: their files get a further name.
  ///   - root: the directory, empty but for directories; it stays the caller's.
  /// - Returns: directories that were made for them.
  /// - Throws: when there is no such file.
  public static func make(
    _ links: [LowerLink], of tree: MergedTree, copies: Set<Int>, in root: borrowing Descriptor
  ) throws(LayerError) -> [[UInt8]] {
    var result: Result<[[UInt8]], LayerError> = .success([])
    let number = root.number
    try LayerThread.run {
      result = Result { () throws(LayerError) in try copy(links, tree, copies, number) }
    } beside: {
    }
    return try result.get()
  }

  private static func copy(
    _ links: [LowerLink], _ tree: MergedTree, _ copies: Set<Int>, _ root: CInt
  ) throws(LayerError) -> [[UInt8]] {
    let own: Descriptor
    do throws(SystemError) {
      own = try Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: root)
    } catch {
      throw LayerError(error)
    }
    var sink = try DirectorySink(root: own)
    var known: [Inode: [UInt8]] = [:]
    let top = tree.layers.count - 1
    var shared: [[UInt8]: [UInt8]] = [:]
    let withCopies = MergedTree(tree.layers + [root])
    for link in links {
      // A link of the layer may be on the way, or the link of another one at its end.
      var found = try tree.find(following: link.target, below: top)
      if found == nil { found = try withCopies.find(following: link.target) }
      guard let item = found, item.status.st_mode & S_IFMT != S_IFDIR else {
        throw LayerError(
          "hard link \(LayerPath.text(link.path)) to \(LayerPath.text(link.target)): no layer has such a file",
          errno: .noEntry)
      }
      let inode = Inode(device: item.status.st_dev, number: item.status.st_ino)
      let isOwn = item.layer == tree.layers.count
      if let target = isOwn ? shared[item.path] : copies.contains(item.layer) ? item.path : nil {
        // Until the sink, which knows only its own directory, is done with that.
        try sink.take(TarEntry(kind: .file, path: link.path))
        shared[link.path] = target
        continue
      }
      if let first = isOwn ? item.path : known[inode] {
        try sink.take(TarEntry(kind: .hardLink, path: link.path, target: first))
        continue
      }
      try item.copy(as: link.path, into: &sink)
      known[inode] = link.path
      if try withCopies.find(item.path)?.layer == item.layer {
        try sink.take(TarEntry(kind: .hardLink, path: item.path, target: link.path))
      }
    }
    try sink.finish()
    for (path, target) in shared {
      guard let item = try tree.find(target, below: top) else { continue }
      try item.link(as: path, in: root)
    }
    return sink.result.impliedDirectories
  }
}

extension DirectorySink {
  /// An entry without data.
  fileprivate mutating func take(_ entry: TarEntry) throws(LayerError) {
    try begin(entry)
    try end()
  }
}

extension MergedTree.Item {
  /// Makes the file anew, with all that it has.
  fileprivate func copy(as path: [UInt8], into sink: inout DirectorySink) throws(LayerError) {
    let item = TreeWalk.Item(
      path: path, name: MergedTree.cString(name), parent: directory.number, status: status, depth: 0)
    guard let entry = try FileEntry.make(item, attributes: try FileEntry.attributes(of: item)) else {
      throw LayerError("hard link \(LayerPath.text(path)) to a socket")
    }
    guard entry.kind == .file, entry.size > 0 else { return try sink.take(entry) }
    let source = try FileEntry.open(item)
    var sparse = entry
    // What is not written is a hole.
    sparse.extents = []
    try sink.begin(sparse)
    try copyData(of: source, into: &sink)
    try sink.end()
  }

  /// Gives the file a further name, in place of what has it.
  fileprivate func link(as path: [UInt8], in root: CInt) throws(LayerError) {
    let (way, last) = LayerPath.split(path)
    let name = LayerPath.cString(last)
    let number = retrying {
      clinux_find_in_root(root, LayerPath.cString(way.isEmpty ? [LayerPath.dot] : Array(way)), 0)
    }
    guard number >= 0 else { throw LayerError(SystemError("open", LayerPath.text(way))) }
    let parent = Descriptor(adopting: number)
    guard unlinkat(parent.number, name, 0) == 0,
      linkat(directory.number, MergedTree.cString(self.name), parent.number, name, 0) == 0
    else { throw LayerError(SystemError("make hard link", LayerPath.text(path))) }
  }

  private func copyData(of source: borrowing Descriptor, into sink: inout DirectorySink) throws(LayerError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
    defer { buffer.deallocate() }
    var position: Int64 = 0
    while true {
      let data = clinux_seek_data(source.number, position)
      if data < 0, errno == ENXIO { return }
      let hole = data < 0 ? -1 : clinux_seek_hole(source.number, data)
      guard hole >= 0 else { throw LayerError(SystemError("read", "\(LayerPath.text(path))")) }
      position = data
      while position < hole {
        let number = source.number
        let wanted = min(buffer.count, Int(hole - position))
        let count = retrying { pread(number, buffer.baseAddress, wanted, off_t(position)) }
        guard count > 0 else { throw LayerError(SystemError("read", "\(LayerPath.text(path))")) }
        try sink.data(UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: UInt64(position))
        position += Int64(count)
      }
    }
  }
}
