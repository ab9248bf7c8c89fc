internal import Glibc
internal import Kernel

/// Writes files of a tree to an archive, each inode once: its further names become hard links.
struct TreeArchive: ~Copyable {
  private struct Inode: Hashable {
    let device: UInt64
    let number: UInt64
  }

  private var writer: TarWriter
  private let limits: LayerLimits
  private let isLayer: Bool
  /// No file is newer than this, in seconds; `nil` leaves times as they are.
  private let latest: Int64?
  private(set) var entries = 0
  /// Bytes so far.
  var size: UInt64 { writer.size }
  /// The first names of files that have more of them.
  private var known: [Inode: [UInt8]] = [:]
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)

  /// - Parameter isLayer: then names of whiteouts are refused.
  init(_ sink: any ByteSink, limits: LayerLimits, isLayer: Bool = true, latest: Int64? = nil) {
    writer = TarWriter(sink)
    self.isLayer = isLayer
    self.latest = latest
    self.limits = limits
  }

  deinit { buffer.deallocate() }

  /// Writes a file.
  mutating func add(_ item: TreeWalk.Item, attributes: [TarEntry.Attribute]) throws(LayerError) {
    // As an entry of a layer, it would be an order to remove another file.
    guard !isLayer || !WhiteoutEntry.isReserved(item.name) else {
      throw LayerError(
        "write layer: \(LayerPath.text(item.path)): names that begin with .wh. are whiteouts in a layer: "
          + "remove or rename the file")
    }
    guard var entry = try FileEntry.make(item, attributes: attributes) else { return }
    if item.status.st_nlink > 1, !item.isDirectory {
      let inode = Inode(device: UInt64(item.status.st_dev), number: UInt64(item.status.st_ino))
      if let first = known[inode] {
        (entry.kind, entry.target, entry.attributes, entry.size) = (.hardLink, first, [], 0)
        return try add(entry)
      }
      known[inode] = item.path
    }
    guard entry.kind == .file else { return try add(entry) }
    let file = try FileEntry.open(item)
    entry.size = UInt64(try FileEntry.status(of: file.number, item.path).st_size)
    try add(entry)
    try copy(file, entry)
  }

  /// Writes an entry without data.
  mutating func add(_ entry: TarEntry) throws(LayerError) {
    var entry = entry
    if let latest, entry.modified.seconds >= latest { entry.modified = TarEntry.Time(seconds: latest) }
    entries += 1
    let (end, overflows) = writer.size.addingReportingOverflow(entry.size)
    guard !overflows, end <= limits.size, entries <= limits.entries else {
      throw LayerError(
        "write layer: \(LayerPath.text(entry.path)): more than the \(limits.size) bytes or \(limits.entries) entries that a "
          + "layer may have")
    }
    try writer.add(entry)
  }

  mutating func finish() throws(LayerError) { try writer.finish() }

  /// Copies as many bytes as the header says: what a file grows by meanwhile is of no interest.
  private mutating func copy(_ file: borrowing Descriptor, _ entry: TarEntry) throws(LayerError) {
    var rest = entry.size
    while rest > 0 {
      let count = retrying { read(file.number, buffer.baseAddress, min(buffer.count, Int(clamping: rest))) }
      guard count >= 0 else { throw LayerError(SystemError("read layer: read", "\(LayerPath.text(entry.path))")) }
      guard count > 0 else {
        throw LayerError("read layer: \(LayerPath.text(entry.path)) got shorter while it was read")
      }
      try writer.write(data: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      rest -= UInt64(count)
    }
  }
}

extension LayerDiff {
  /// Writes a whole tree to an archive, a container's merged one, say: all files, no whiteouts.
  ///
  /// - Parameters:
  ///   - isLayer: whether it will be read as a layer; files whose names mean whiteouts are refused then.
  ///   - includesRoot: whether the root has an entry too, as a layer's that is to look the same wants it.
  public static func flatten(
    root: CInt, isLayer: Bool = true, includesRoot: Bool = false, limits: LayerLimits = .standard, to sink: any ByteSink
  ) throws(LayerError) {
    var walk = TreeWalk(root: root, limits: limits)
    var archive = TreeArchive(sink, limits: limits, isLayer: isLayer)
    if includesRoot {
      var status = stat()
      guard fstat(root, &status) == 0 else { throw LayerError(SystemError("read", "root directory")) }
      let name = [CChar(bitPattern: UInt8(ascii: ".")), 0]
      let item = TreeWalk.Item(path: Array(".".utf8), name: name, parent: root, status: status, depth: 0)
      try archive.add(item, attributes: try FileEntry.attributes(of: item))
    }
    while let item = try walk.next() {
      try archive.add(item, attributes: try FileEntry.attributes(of: item))
    }
    try archive.finish()
  }
}
