internal import Glibc
public import Kernel

/// Files that go from one tree to another, as an archive: `cp`.
///
/// Both trees may be a container's, which changes them meanwhile: all is done by descriptors of directories.
public struct FileCopy {
  /// Who the files belong to there.
  public enum Owner: Sendable, Equatable {
    /// Whoever they belong to here.
    case same
    case ids(UInt32, UInt32)
  }

  /// A file or directory, by the directory that it is in.
  public struct Source: ~Copyable {
    let parent: Descriptor
    let name: [UInt8]

    /// - Parameter name: one part, or `.` for the directory itself.
    public init(_ name: [UInt8], in parent: consuming Descriptor) {
      self.parent = parent
      self.name = name
    }

    public var isDirectory: Bool {
      var status = stat()
      return fstatat(parent.number, LayerPath.cString(name), &status, AT_SYMLINK_NOFOLLOW) == 0
        && status.st_mode & S_IFMT == S_IFDIR
    }
  }

  /// A directory that files are put into.
  public struct Target: ~Copyable {
    let root: Descriptor
    let path: [UInt8]
    let owner: Owner

    /// - Parameters:
    ///   - root: what absolute symbolic links in the tree begin at, and nothing is written outside of.
    ///   - path: the directory, from the root.
    public init(_ path: [UInt8], in root: consuming Descriptor, owner: Owner) {
      self.root = root
      self.path = path
      self.owner = owner
    }
  }

  /// Writes a file, or a directory with all in it, to an archive.
  ///
  /// - Parameter name: what it is called there; `nil` for what is in a directory only.
  public static func archive(
    _ source: borrowing Source, as name: [UInt8]?, limits: LayerLimits = .standard, to sink: any ByteSink
  ) throws(LayerError) {
    var status = stat()
    let cName = LayerPath.cString(source.name)
    guard fstatat(source.parent.number, cName, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw LayerError(SystemError("read", LayerPath.text(source.name)))
    }
    var archive = TreeArchive(sink, limits: limits, isLayer: false)
    let item = TreeWalk.Item(
      path: name ?? [], name: cName, parent: source.parent.number, status: status, depth: 0)
    if name != nil { try archive.add(item, attributes: try FileEntry.attributes(of: item)) }
    if item.isDirectory {
      let number = retrying { openat(source.parent.number, cName, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
      guard number >= 0 else { throw LayerError(SystemError("open", LayerPath.text(source.name))) }
      let directory = Descriptor(adopting: number)
      let prefix = name.map { $0 + [LayerPath.slash] } ?? []
      var walk = TreeWalk(root: directory.number, limits: limits, entersMounts: true)
      while let found = try walk.next() {
        let named = TreeWalk.Item(
          path: prefix + found.path, name: found.name, parent: found.parent, status: found.status, depth: found.depth)
        try archive.add(named, attributes: try FileEntry.attributes(of: named))
      }
    }
    try archive.finish()
  }

  /// Copies a file, or a directory with all in it, into a directory.
  ///
  /// - Returns: the bytes of the archive that it went as.
  public static func copy(
    _ source: borrowing Source, as name: [UInt8]?, into target: borrowing Target
  ) throws(LayerError) -> UInt64 {
    try put(into: target) { (sink) throws(LayerError) in try archive(source, as: name, to: sink) }
  }

  /// Unpacks an archive, compressed or not, into a directory.
  public static func unpack<Archive: ByteSource & ~Copyable>(
    _ archive: consuming Archive, into target: borrowing Target
  ) throws(LayerError) -> UInt64 {
    var input = Decompressor(archive)
    return try put(into: target) { (sink) throws(LayerError) in
      try input.readAll { (bytes) throws(LayerError) in try sink.write(bytes) }
    }
  }

  /// What a body writes is unpacked at once, on a thread without a umask.
  private static func put(
    into target: borrowing Target, _ body: (FileUnpacking) throws(LayerError) -> Void
  ) throws(LayerError) -> UInt64 {
    let root: Descriptor
    do throws(SystemError) {
      root = try Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: target.root.number)
    } catch {
      throw LayerError(error)
    }
    let unpacking = FileUnpacking(
      try DirectorySink(root: root, purpose: .files), at: target.path, owner: target.owner)
    var result: Result<UInt64, LayerError> = .success(0)
    try LayerThread.run {
      result = Result { () throws(LayerError) in
        try body(unpacking)
        return try unpacking.finish()
      }
    } beside: {
    }
    return try result.get()
  }
}

/// Makes the entries of an archive, piece by piece, below a path.
private final class FileUnpacking: ByteSink {
  private var reader = TarReader(limits: .standard)
  private var entries: Relocated

  /// Gives entries another path and owner.
  private struct Relocated: TarConsumer, ~Copyable {
    var sink: DirectorySink
    let path: [UInt8]
    let owner: FileCopy.Owner

    mutating func begin(_ entry: TarEntry) throws(LayerError) {
      let name = try LayerPath.clean(entry.path)
      var entry = entry
      if case .ids(let uid, let gid) = owner { (entry.uid, entry.gid) = (uid, gid) }
      if entry.kind == .hardLink { entry.target = join(try LayerPath.clean(entry.target)) }
      // The directory itself stays what it is.
      entry.path = name.isEmpty ? [] : join(name)
      try sink.begin(entry)
    }

    private func join(_ name: [UInt8]) -> [UInt8] { path.isEmpty ? name : path + [LayerPath.slash] + name }

    mutating func data(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(LayerError) {
      try sink.data(bytes, at: offset)
    }

    mutating func end() throws(LayerError) { try sink.end() }
  }

  init(_ sink: consuming DirectorySink, at path: [UInt8], owner: FileCopy.Owner) {
    entries = Relocated(sink: sink, path: path, owner: owner)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) { try reader.feed(bytes, to: &entries) }

  func finish() throws(LayerError) -> UInt64 {
    try reader.finish()
    try entries.sink.finish()
    try entries.sink.result.checkLinks()
    return reader.position
  }
}
