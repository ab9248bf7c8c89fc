/// Where the data of a sparse file belong, as GNU tar writes it in four different ways: pairs of offset and length.
struct SparseMap: Equatable {
  private(set) var extents: [TarEntry.Extent] = []
  private var offset: UInt64?
  private let limit: Int

  /// - Parameter limit: of parts: a map is kept in memory.
  init(limit: Int) { self.limit = limit }

  /// Not in the middle of a pair.
  var isComplete: Bool { offset == nil }

  /// The next number: an offset, then its length, in turn.
  mutating func append(_ value: UInt64) throws(TarFault) {
    guard let offset else {
      self.offset = value
      return
    }
    guard extents.count < limit else { throw TarFault("a sparse file of more than \(limit) parts") }
    extents.append(TarEntry.Extent(offset: offset, length: value))
    self.offset = nil
  }

  /// The pairs of a header block of GNU's old form: two fields of twelve bytes each, until one is empty.
  mutating func append(fields: UnsafeRawBufferPointer) throws(TarFault) {
    for start in stride(from: 0, to: fields.count - 23, by: 24) {
      guard fields[start] != 0 else { return }
      for at in [start, start + 12] {
        guard let value = TarNumber.field(UnsafeRawBufferPointer(rebasing: fields[at..<(at + 12)])), value >= 0 else {
          throw TarFault("a sparse file's map has an invalid number")
        }
        try append(UInt64(value))
      }
    }
  }

  /// The parts, if they are in order, none overlaps another or ends behind the file, and `stored` bytes are theirs.
  func validated(size: UInt64, stored: UInt64) throws(TarFault) -> [TarEntry.Extent] {
    guard isComplete else { throw TarFault("a sparse file's map ends in the middle") }
    var position: UInt64 = 0
    var sum: UInt64 = 0
    for extent in extents {
      let (end, isTooLarge) = extent.offset.addingReportingOverflow(extent.length)
      guard !isTooLarge, extent.offset >= position, end <= size else {
        throw TarFault("a sparse file's map is not in order")
      }
      position = end
      sum += extent.length
    }
    guard sum == stored else { throw TarFault("a sparse file's map and data differ in length") }
    return extents
  }
}

/// The map of a sparse file of format 1.0: decimal numbers, each on a line, in blocks before the data: first how many
/// pairs there are.
struct SparseText {
  private(set) var map: SparseMap
  private var pairs: UInt64?
  private var number: UInt64?

  init(limit: Int) { map = SparseMap(limit: limit) }

  /// - Returns: whether the map is complete; what is left of the block is padding.
  mutating func append(_ block: UnsafeRawBufferPointer) throws(TarFault) -> Bool {
    for byte in block {
      guard byte == UInt8(ascii: "\n") else {
        guard byte >= 0x30, byte <= 0x39, (number ?? 0) < UInt64.max / 16 else {
          throw TarFault("a sparse file's map has an invalid number")
        }
        number = (number ?? 0) * 10 + UInt64(byte - 0x30)
        continue
      }
      guard let value = number else { throw TarFault("a sparse file's map has an invalid number") }
      number = nil
      if pairs == nil { pairs = value } else { try map.append(value) }
      if let pairs, map.isComplete, UInt64(map.extents.count) == pairs { return true }
    }
    return false
  }
}
