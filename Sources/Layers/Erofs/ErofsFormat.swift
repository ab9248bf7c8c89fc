/// The on-disk format of EROFS (Linux: fs/erofs/erofs_fs.h), as much of it as a layer needs.
///
/// A layer is one file, in blocks of 512 bytes, the unit of tar: the superblock at 1024, the archive as it is at 4096,
/// then the metadata, whose inodes point into the archive.
enum ErofsFormat {
  static let blockBits = 9
  static let block = 1 << blockBits
  static let superblockOffset: UInt64 = 1024
  /// Where the archive begins in the file.
  static let archiveOffset: UInt64 = 4096
  /// A node number counts slots of so many bytes from the first metadata block.
  static let slot = 32
  static let inodeSize = 64
  /// `struct erofs_xattr_ibody_header`.
  static let attributesHeader = 12
  /// Blocks are numbered with 32 bits: 2 TiB.
  static let mostBlocks = UInt64(UInt32.max)

  /// The superblock. No feature is used that Linux before 5.15 lacks, blocks of 512 bytes aside (6.4).
  static func superblock(
    root: UInt16, inodes: Int, blocks: UInt64, firstMetadataBlock: UInt32, hasChunks: Bool
  ) -> [UInt8] {
    var bytes = LittleEndian()
    bytes.add(UInt32(0xE0F5_E1E2))
    bytes.add(UInt32(0))
    // Compatible features: times are the files' own.
    bytes.add(UInt32(0x2))
    bytes.add(UInt8(blockBits))
    bytes.add(UInt8(0))
    bytes.add(root)
    bytes.add(UInt64(inodes))
    // The time of compact inodes, of which there are none.
    bytes.add(UInt64(0))
    bytes.add(UInt32(0))
    bytes.add(UInt32(clamping: blocks))
    bytes.add(firstMetadataBlock)
    // Shared attributes, uuid and name: none.
    bytes.add(UInt32(0))
    bytes.add(zeros: 32)
    // Incompatible features: chunks of sparse files.
    bytes.add(UInt32(hasChunks ? 0x4 : 0))
    bytes.add(zeros: 44)
    return bytes.bytes
  }

  /// An inode in the extended form.
  static func inode(_ inode: ErofsTree.Inode, number: UInt32, links: UInt32, attributeBytes: Int, place: UInt32)
    -> [UInt8]
  {
    let layout: UInt16 =
      switch inode.layout {
      case .none, .archive, .blocks: 0
      case .inline: 2
      case .chunks: 4
      }
    var bytes = LittleEndian()
    bytes.add(1 | layout << 1)
    // Counted in words behind the header, which is one more.
    bytes.add(attributeBytes == 0 ? UInt16(0) : UInt16(1 + (attributeBytes - attributesHeader) / 4))
    bytes.add(inode.mode)
    bytes.add(UInt16(0))
    bytes.add(inode.size)
    bytes.add(place)
    bytes.add(number)
    bytes.add(inode.uid)
    bytes.add(inode.gid)
    bytes.add(inode.seconds)
    bytes.add(inode.nanoseconds)
    bytes.add(links)
    bytes.add(zeros: 16)
    return bytes.bytes
  }

  /// A device's number as inodes have it; nil for one that has more bits.
  static func device(major: UInt32, minor: UInt32) -> UInt32? {
    guard major < 1 << 12, minor < 1 << 20 else { return nil }
    return minor & 0xff | major << 8 | (minor & ~0xff) << 12
  }

  /// The file type of a directory entry (`FT_REG_FILE`…).
  static func fileType(mode: UInt16) -> UInt8 {
    switch mode & 0o170000 {
    case 0o100000: 1
    case 0o040000: 2
    case 0o020000: 3
    case 0o060000: 4
    case 0o010000: 5
    case 0o120000: 7
    default: 0
    }
  }
}

/// Numbers of the disk, one after another.
struct LittleEndian {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func add(zeros count: Int) { bytes.append(contentsOf: repeatElement(0, count: count)) }
}
