/// Where the data of a sparse file are: its chunks, of one size, are each a run of blocks or a hole.
///
/// The archive has the data of all extents in one piece. A chunk that lies in it as it is, on a block's boundary, is used
/// in place; others are put together behind the metadata, in a file that stays sparse itself.
struct ErofsChunks {
  /// Entries of one file's map: 4 MiB of it.
  static let most = 1 << 20
  static let mostBits = 31
  static let hole = UInt32.max

  let bits: Int
  let size: UInt64
  private let extents: [TarEntry.Extent]
  /// Of each extent, where in the layer's file its data are.
  private let places: [UInt64]

  /// - Returns: nil for a file that not even the largest chunks can describe.
  init?(size: UInt64, extents: [TarEntry.Extent], dataOffset: UInt64) {
    self.size = size
    // Readers take empty extents, and write them to say where a file ends.
    self.extents = extents.filter { $0.length > 0 }
    var places: [UInt64] = []
    var place = ErofsFormat.archiveOffset + dataOffset
    var boundaries: UInt64 = 0
    var isAligned = true
    for extent in self.extents {
      places.append(place)
      if place % UInt64(ErofsFormat.block) != 0 { isAligned = false }
      boundaries |= extent.offset
      // A chunk may end with the file.
      if extent.offset + extent.length < size { boundaries |= extent.offset + extent.length }
      place += extent.length
    }
    self.places = places
    // As large as the extents' boundaries allow; when they are none of blocks, pages are copied.
    let granule = boundaries == 0 ? 64 : boundaries.trailingZeroBitCount
    var bits = granule >= ErofsFormat.blockBits && isAligned ? granule - ErofsFormat.blockBits : 3
    while bits < Self.mostBits, Self.count(size, bits) > Self.most { bits += 1 }
    self.bits = min(bits, Self.mostBits)
    guard Self.count(size, self.bits) <= Self.most else { return nil }
  }

  var count: Int { Self.count(size, bits) }

  private static func count(_ size: UInt64, _ bits: Int) -> Int {
    let shift = UInt64(bits + ErofsFormat.blockBits)
    return Int(clamping: (size >> shift) + (size & ((1 << shift) - 1) == 0 ? 0 : 1))
  }

  struct Piece {
    let from: UInt64
    let to: UInt64
    let length: UInt64
  }

  /// What one chunk is.
  enum Chunk {
    case hole
    /// A block of the layer's file.
    case inPlace(UInt32)
    /// To be made of pieces of the archive; `to` counts from the chunk's beginning.
    case copied([Piece], blocks: UInt64)
  }

  /// Calls `body` with every chunk, in order.
  func forEach(_ body: (Chunk) throws(LayerError) -> Void) throws(LayerError) {
    let length = UInt64(1) << UInt64(bits + ErofsFormat.blockBits)
    let block = UInt64(ErofsFormat.block)
    var first = 0
    for number in 0..<UInt64(count) {
      let start = number * length
      let end = min(start + length, size)
      while first < extents.count, extents[first].offset + extents[first].length <= start { first += 1 }
      var pieces: [Piece] = []
      var index = first
      while index < extents.count, extents[index].offset < end {
        let extent = extents[index]
        let from = max(start, extent.offset)
        let to = min(end, extent.offset + extent.length)
        pieces.append(Piece(from: places[index] + (from - extent.offset), to: from - start, length: to - from))
        index += 1
      }
      if pieces.isEmpty {
        try body(.hole)
      } else if pieces.count == 1, pieces[0].length == end - start, pieces[0].from % block == 0 {
        try body(.inPlace(UInt32(clamping: pieces[0].from / block)))
      } else {
        try body(.copied(pieces, blocks: (end - start + block - 1) / block))
      }
    }
  }
}
