internal import Glibc
internal import Kernel

/// Makes the form `erofs` of a layer: one file that holds the archive as it is, and is a file system whose files lie in it.
///
/// The archive's bytes and the entries come in the order of the archive; each byte is written once. What is kept in memory
/// are names and attributes. The superblock comes last: before that, the file is nothing that could be mounted.
public final class ErofsWriter {
  /// How it ended.
  public enum Outcome: Sendable, Equatable {
    /// - Parameter implied: directories that the archive has files in, but no entries for; made with mode 0755.
    case written(implied: [[UInt8]])
    /// A good layer, perhaps, but not in this form. The archive is in the file, complete, from `archiveOffset` on.
    case unsuitable(reason: String)
  }

  public static let archiveOffset = ErofsFormat.archiveOffset

  let file: CInt
  let limits: LayerLimits
  var tree = ErofsTree()
  /// Sparse files' maps; an inode has the number of its own.
  var maps: [ErofsChunks] = []
  /// Entries of all maps.
  var mapEntries = 0
  /// Why the layer cannot have this form, if so; entries are ignored then.
  public internal(set) var obstacle: String?
  /// Bytes of the archive so far.
  public private(set) var archiveSize: UInt64 = 0

  /// - Parameter file: empty, and open for reading and writing; the caller's, who syncs and closes it.
  public init(file: CInt, limits: LayerLimits = .standard) {
    self.file = file
    self.limits = limits
    tree.inodes[Int(ErofsTree.root)] = Self.impliedDirectory
    tree.inodes[Int(ErofsTree.root)].links = 1
    tree.inodes[Int(ErofsTree.root)].parent = ErofsTree.root
  }

  /// Takes the next bytes of the archive, its ending and padding too.
  public func write(archive bytes: UnsafeRawBufferPointer) throws(LayerError) {
    guard archiveSize + UInt64(bytes.count) <= limits.size else {
      throw LayerError("write layer: more than the \(limits.size) bytes that a layer may have")
    }
    try Self.write(bytes, to: file, at: Self.archiveOffset + archiveSize)
    archiveSize += UInt64(bytes.count)
  }

  /// Ends the file: the metadata, and the superblock.
  public func finish() throws(LayerError) -> Outcome {
    if let obstacle { return .unsuitable(reason: obstacle) }
    let blocks = (Self.archiveOffset + archiveSize + 4095) / 4096 * 4096 / UInt64(ErofsFormat.block)
    var layout = ErofsLayout(tree: tree, maps: maps, firstBlock: blocks)
    // Given away: with a second owner, the first change would copy it.
    tree = ErofsTree()
    guard try layout.place() else {
      return .unsuitable(reason: "more than the 2 TiB that an EROFS layer of blocks of 512 bytes can have")
    }
    try layout.write(to: file)
    return .written(implied: layout.impliedDirectories)
  }

  /// Writes all of the bytes at a place of a file.
  static func write(_ bytes: UnsafeRawBufferPointer, to file: CInt, at offset: UInt64) throws(LayerError) {
    var rest = bytes
    var offset = offset
    while !rest.isEmpty {
      let count = retrying { pwrite(file, rest.baseAddress, rest.count, off_t(offset)) }
      guard count > 0 else { throw LayerError(SystemError("write layer")) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      offset += UInt64(count)
    }
  }

  static let impliedDirectory: ErofsTree.Inode = {
    var inode = ErofsTree.Inode()
    inode.mode = 0o040755
    inode.flags = .implied
    return inode
  }()
}
