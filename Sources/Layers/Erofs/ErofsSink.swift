internal import Glibc
internal import Kernel

/// A layer in the form `erofs`: one file that holds the archive as it is, and is a file system whose files lie in it.
///
/// Each byte of the archive is written once, in order. What is kept in memory are names and attributes. The superblock
/// comes last: before that, the file is nothing that could be mounted. Entries mean what they mean to `DirectorySink`.
public final class ErofsSink: LayerSink {
  /// Where in the file the archive is.
  public static let archiveOffset = ErofsFormat.archiveOffset

  let file: CInt
  let limits: LayerLimits
  var tree = ErofsTree()
  /// Sparse files' maps; an inode has the number of its own.
  var maps: [ErofsChunks] = []
  /// Entries of all maps.
  var mapEntries = 0
  var ending = DirectoryEnding()
  var lowerLinks = LowerLinks<Place>()
  private var archiveSize: UInt64 = 0
  private var writeback = EarlyWriteback()
  /// After `finish`.
  public internal(set) var result = ErofsSummary()

  /// - Parameter file: empty, and open for reading and writing; the caller's, who syncs and closes it.
  public init(file: CInt, limits: LayerLimits = .standard) {
    self.file = file
    self.limits = limits
    tree.inodes[Int(ErofsTree.root)] = Self.impliedDirectory
    tree.inodes[Int(ErofsTree.root)].links = 1
    tree.inodes[Int(ErofsTree.root)].parent = ErofsTree.root
  }

  public func archive(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    try PositionedOutput.write(bytes, to: file, at: Self.archiveOffset + archiveSize)
    archiveSize += UInt64(bytes.count)
    writeback.advance(file, to: Int64(Self.archiveOffset + archiveSize))
  }

  public func begin(_ entry: TarEntry) throws(LayerError) {
    guard result.obstacle == nil else { return }
    do {
      try take(entry)
    } catch let error as Obstacle {
      result.obstacle = "\(LayerPath.text(entry.path)): \(error.reason)"
    } catch let error as LayerError {
      throw error
    } catch {
      throw LayerError("\(error)")
    }
  }

  /// The data are in the archive already.
  public func data(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {}

  public func end() {}

  /// Writes the metadata and the superblock.
  public func finish() throws(LayerError) {
    guard result.obstacle == nil else { return }
    try hideLowers()
    result.lowerLinks = lowerLinks.all { tree.inodes[Int($0.parent)].links > 0 }
    result.impliesRoot = tree.inodes[Int(ErofsTree.root)].flags.contains(.implied)
    let blocks = (Self.archiveOffset + archiveSize + 4095) / 4096 * 4096 / UInt64(ErofsFormat.block)
    var layout = ErofsLayout(tree: tree, maps: maps, firstBlock: blocks)
    // Given away: with a second owner, the first change would copy it.
    tree = ErofsTree()
    guard try layout.place() else {
      result.obstacle = "more than the 2 TiB that blocks of 512 bytes have numbers for"
      return
    }
    try layout.write(to: file)
    result.impliedDirectories = layout.impliedDirectories.sorted { $0.lexicographicallyPrecedes($1) }
  }

  static let impliedDirectory: ErofsTree.Inode = {
    var inode = ErofsTree.Inode()
    inode.mode = 0o040755
    inode.flags = .implied
    return inode
  }()
}

/// How a layer came out in the form `erofs`.
public struct ErofsSummary: Sendable, Equatable {
  /// Why this form cannot hold the layer, which may be a good one: the form `dir` can. The file is no file system then,
  /// but the archive is in it, complete, at `ErofsSink.archiveOffset`.
  public var obstacle: String?
  /// Directories that the archive has no entry for, though for something in them. They are 0755 and root's here.
  public var impliedDirectories: [[UInt8]] = []
  /// Hard links to files that only a layer below can have: they are not here.
  public var lowerLinks: [LowerLink] = []
  /// The archive has no entry for the layer's root.
  public var impliesRoot = true
  /// The layer hides all below it. Overlayfs does not look for that at the root of a layer.
  public var isOpaque = false
  /// Extended attributes that no file system would take.
  public var droppedAttributes = 0
}
