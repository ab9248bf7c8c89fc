internal import CLinux
internal import Glibc
internal import Kernel

/// Goes through a tree that a container filled: a directory before what is in it, names in the order of their bytes.
///
/// All is done relative to descriptors of directories that were opened through no link and over no mount, and nothing is
/// opened but directories. The names of one directory at a time, for each level, are in memory.
struct TreeWalk {
  struct Item {
    /// From the tree's root, without a slash before it.
    let path: [UInt8]
    /// The last part, for system calls.
    let name: [CChar]
    /// Of the directory that it is in; good until the walk goes on.
    let parent: CInt
    let status: stat
    /// One for what is in the root.
    let depth: Int

    var isDirectory: Bool { status.st_mode & S_IFMT == S_IFDIR }
  }

  /// A descriptor that can be in an array, and be closed while its frame stays.
  final class Directory {
    let descriptor: Descriptor
    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
  }

  private struct Frame {
    let path: [UInt8]
    var directory: Directory?
    let names: SortedNames
    var next = 0
  }

  /// Directories that are held open at once; the upper ones are opened again on the way back.
  static let deepest = 64

  private let root: CInt
  private let limits: LayerLimits
  /// Whether other file systems that are mounted in the tree are part of it.
  private let entersMounts: Bool
  private var frames: [Frame] = []
  /// What is to be entered before the walk goes on.
  private var entering: (path: [UInt8], name: [CChar])?
  private var isStarted = false

  /// - Parameter root: the caller's, who keeps it open.
  init(root: CInt, limits: LayerLimits, entersMounts: Bool = false) {
    self.root = root
    self.entersMounts = entersMounts
    self.limits = limits
  }

  /// Goes on; into the directory that came last.
  mutating func next() throws(LayerError) -> Item? {
    if !isStarted {
      isStarted = true
      try push([], try reopen([]))
    } else if let (path, name) = entering, let parent = frames.last?.directory {
      try push(path, try open(name, at: parent.descriptor.number, path))
    }
    entering = nil
    while let frame = frames.last {
      guard frame.next < frame.names.count else {
        frames.removeLast()
        continue
      }
      let index = frames.count - 1
      frames[index].next += 1
      let name = frame.names[frame.next]
      if frame.directory == nil { frames[index].directory = try reopen(frame.path) }
      guard let parent = frames[index].directory?.descriptor.number else { continue }
      let text = name.dropLast().map { UInt8(bitPattern: $0) }
      let path = frame.path.isEmpty ? text : frame.path + [UInt8(ascii: "/")] + text
      guard path.count <= limits.path else {
        throw LayerError("read layer: a path is longer than \(limits.path) bytes: \(LayerPath.text(path))")
      }
      var status = stat()
      guard fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        // Gone since the directory was read: somebody works in it.
        if errno == ENOENT { continue }
        throw LayerError(SystemError("read layer: stat", "\(LayerPath.text(path))"))
      }
      let item = Item(path: path, name: name, parent: parent, status: status, depth: frames.count)
      if item.isDirectory { entering = (path, name) }
      return item
    }
    return nil
  }

  private mutating func push(_ path: [UInt8], _ directory: Directory) throws(LayerError) {
    // What is in there are no files, but what the kernel says and does.
    let isKernels = entersMounts && clinux_is_kernels(directory.descriptor.number) == 1
    let names = try SortedNames(of: directory.descriptor.number, path: path, limit: isKernels ? nil : limits.entries)
    if frames.count >= Self.deepest { frames[frames.count - Self.deepest].directory = nil }
    frames.append(Frame(path: path, directory: directory, names: names))
  }

  private func reopen(_ path: [UInt8]) throws(LayerError) -> Directory {
    try open(path.isEmpty ? LowerLayers.here : path.map { CChar(bitPattern: $0) } + [0], at: root, path)
  }

  /// Opens a directory of the tree; one that was exchanged for a link or covered by a mount is refused.
  private func open(_ name: [CChar], at parent: CInt, _ path: [UInt8]) throws(LayerError) -> Directory {
    let number = entersMounts ? openMounted(name, at: parent) : retrying { clinux_open_own_directory(parent, name) }
    guard number >= 0 else { throw LayerError(SystemError("read layer: open directory", "\(LayerPath.text(path))")) }
    return Directory(Descriptor(adopting: number))
  }

  private func openMounted(_ name: [CChar], at parent: CInt) -> CInt {
    let found = retrying { clinux_find_in_root(parent, name, 0) }
    guard found >= 0 else { return -1 }
    defer { close(found) }
    return retrying { openat(found, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
  }
}

/// A directory's names in the order of their bytes, in one piece of memory.
struct SortedNames {
  private var texts: [CChar] = []
  private var starts: [UInt32] = []

  var count: Int { starts.count }

  /// - Parameter limit: `nil` for none of them.
  init(of directory: CInt, path: [UInt8], limit: Int?) throws(LayerError) {
    guard let limit else { return }
    do throws(SystemError) {
      guard lseek(directory, 0, SEEK_SET) == 0 else { throw SystemError("rewind directory", "\(LayerPath.text(path))") }
      var isEnd = false
      while !isEnd {
        isEnd = try Directories.readEntries(directory) { (name, _) throws(SystemError) in
          guard starts.count < limit else {
            throw SystemError("list directory", "\(LayerPath.text(path))", errno: Errno(EOVERFLOW))
          }
          starts.append(UInt32(texts.count))
          texts.append(contentsOf: UnsafeBufferPointer(start: name, count: strlen(name) + 1))
        }
      }
    } catch {
      throw LayerError(error)
    }
    texts.withUnsafeBufferPointer { texts in
      guard let base = texts.baseAddress else { return }
      starts.sort { strcmp(base + Int($0), base + Int($1)) < 0 }
    }
  }

  /// Ended with a zero byte.
  subscript(index: Int) -> [CChar] {
    let start = Int(starts[index])
    var end = start
    while texts[end] != 0 { end += 1 }
    return Array(texts[start...end])
  }
}
