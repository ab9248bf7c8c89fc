internal import CLinux
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// Makes what an image's layers need to be one tree: fix-ups of directories that a layer only implies, the places that a
/// container's own files and file systems are mounted on, and copies of the accounts.
struct StackMaking {
  let library: ImageLibrary
  let config: ImageConfig
  /// Where it is made, and what it will be called then, relative to the store.
  let path: String
  let name: String

  /// What every container of an image mounts, as docker has it.
  private static let mountDirectories = ["dev", "proc", "sys"]
  private static let mountFiles = ["etc/hosts", "etc/hostname", "etc/resolv.conf"]
  static let mountsSuffix = "/mounts"
  private static let longestAccounts: off_t = 4 << 20

  /// Makes the directories of the stack in `path`, and returns the rest of it.
  func make() throws(ImageError) -> LayerStackFile {
    let layers = try OpenLayers(config.diffIDs, library)
    var stack = StatedTree()
    var lowers: [LayerStackFile.Lower] = []
    for (index, record) in layers.records.enumerated() {
      // Overlayfs asks no layer whether its root hides those below.
      if record.hidesAllBelow { lowers.removeAll() }
      // Nor does it take one twice, an empty one, say: what the lower one shows is what the upper one shows.
      lowers.removeAll { $0.path == layers.names[index] }
      lowers.append(LayerStackFile.Lower(path: layers.names[index]))
      stack.add(layers.roots[index], record)
      guard let fixup = try makeFixup(of: index, record, stack) else { continue }
      lowers.append(LayerStackFile.Lower(path: "\(name)/fixup-\(index)"))
      if !record.lowerLinks.isEmpty { stack.add(fixup: try fixup.open()) }
    }
    try Self.makeMountPoints("\(path)/mounts", stack)
    lowers.append(LayerStackFile.Lower(path: "\(name)/mounts"))
    return LayerStackFile(
      lowers: lowers, passwd: try accounts("etc/passwd", stack), group: try accounts("etc/group", stack))
  }

  /// A directory right above a layer, with the directories that the layer implies as the layers below have them, and its
  /// hard links to files of theirs.
  ///
  /// - Parameter stack: up to the layer.
  /// - Returns: `nil` when none is needed.
  private func makeFixup(
    of index: Int, _ record: LayerRecord, _ stack: StatedTree
  ) throws(ImageError) -> TreeCopy? {
    var wanted: [[UInt8]] = []
    for implied in record.impliedDirectories where !implied.isEmpty {
      if try stack.directory(implied, below: stack.count - 1) != nil { wanted.append(implied) }
    }
    if wanted.isEmpty, record.lowerLinks.isEmpty { return nil }
    var copy = try TreeCopy("\(path)/fixup-\(index)")
    for directory in wanted { try copy.makeDirectory(directory) }
    do throws(ImageError) {
      try copy.make(record.lowerLinks, of: stack)
    } catch {
      throw error.during("layer \(record.diffID)")
    }
    try copy.dress(like: stack, below: stack.count)
    return copy
  }

  /// The topmost lower directory. Its root is what the container's `/` looks like.
  ///
  /// - Parameters: what else is mounted on, without a slash before it.
  static func makeMountPoints(
    _ path: String, _ stack: StatedTree, directories: [String] = [], files: [String] = []
  ) throws(ImageError) {
    var copy = try TreeCopy(path)
    func isMissing(_ name: String) throws(ImageError) -> Bool {
      try rethrowing { () throws(LayerError) in try stack.tree.status(name) } == nil
    }
    for directory in mountDirectories + directories where try isMissing(directory) {
      try copy.makeDirectory(Array(directory.utf8))
    }
    for file in mountFiles + files where try isMissing(file) {
      if let slash = file.lastIndex(of: "/") { try copy.makeDirectory(Array(file[..<slash].utf8)) }
      try copy.makeFile(file)
    }
    try copy.dress(like: stack, below: stack.count)
  }

  /// The bytes of a file of the image; empty when there is none, or it is no file.
  private func accounts(_ path: String, _ stack: StatedTree) throws(ImageError) -> [UInt8] {
    do throws(LayerError) {
      guard let item = try stack.tree.find(Array(path.utf8)), item.status.st_mode & S_IFMT == S_IFREG,
        item.status.st_size <= Self.longestAccounts
      else { return [] }
      return try item.readAll(limit: Int(Self.longestAccounts))
    } catch {
      throw ImageError(error)
    }
  }
}

extension ImageLibrary {
  /// Makes the stack of an image, if it is not there yet. All of its layers are.
  func completeStack(_ id: Digest, _ config: ImageConfig, _ hold: borrowing Hold) throws(ImageError) {
    let place = layout.stack(id)
    let name = place.droppingPrefix(layout.path)
    let isThere = try rethrowing { () throws(StoreError) in
      try hold.claim([name]) { () throws(StoreError) in access("\(place)/\(LayerStackFile.fileName)", F_OK) == 0 }
    }
    if isThere { return }
    let path = hold.newPath()
    do throws(ImageError) {
      try rethrowing { () throws(SystemError) in try Directories.make(path) }
      let stack = try StackMaking(library: self, config: config, path: path, name: name).make()
      let file = "\(path)/\(LayerStackFile.fileName)"
      try write(stack.json.text(), to: file, by: file + ".new")
    } catch {
      discard(path)
      throw error
    }
    if rename(path, place) == 0 { return }
    let failure = SystemError("store stack", id.short)
    discard(path)
    // Another process may have been faster: its stack is the same.
    guard failure.errno == .exists || failure.errno == Errno(ENOTEMPTY) else { throw ImageError(failure) }
  }

  /// An image's own lower directories, relative to the store: without the places for a container's mounts.
  func imageLowers(of image: StoredImage, _ hold: borrowing Hold) throws(ImageError) -> [String] {
    try completeStack(image.id, image.config, hold)
    do throws(StoreError) {
      let stack = try store.stack(of: image)
      return (stack?.lowers ?? []).map(\.path).filter { !$0.hasSuffix(StackMaking.mountsSuffix) }
    } catch {
      throw ImageError(error)
    }
  }

  /// Everything written so far is on disk.
  func sync() throws(ImageError) {
    let directory = try rethrowing { () throws(SystemError) in try Descriptor.open(layout.path, O_RDONLY | O_DIRECTORY)
    }
    guard clinux_syncfs(directory.number) == 0 else { throw ImageError(SystemError("sync image store", layout.path)) }
  }
}
