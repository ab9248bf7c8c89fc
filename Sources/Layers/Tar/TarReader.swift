/// Reads a tar archive that it is fed piece by piece: ustar, PAX, GNU (long names, sparse files of all four forms), v7.
///
/// It holds one entry's headers and nothing else, and what those may take is bounded (`LayerLimits`): a header that
/// states a large size is refused before anything is allocated. Data are handed on where they lie, without a copy.
///
/// As all container engines do, it ignores global PAX headers: what they change would be a different layer here than
/// elsewhere. Types of entries that nobody knows are errors, as there.
public struct TarReader: ~Copyable {
  enum State {
    /// A header comes next.
    case header
    /// The content of a header that describes the next entry; the rest is still to come.
    case description(TarHeader.Flag, rest: Int)
    /// Further blocks of the map of a sparse file: GNU's old form, and 1.0.
    case sparseBlocks, sparseText
    case data
    /// Up to the end of the block.
    case padding(Int)
    /// One empty block was there.
    case emptyBlock
    /// Behind the end: padding that belongs to no entry.
    case trailer
  }

  let limits: LayerLimits
  var state = State.header
  /// Where in the archive the next byte is.
  public private(set) var position: UInt64 = 0
  /// Where the header that is being looked at began: for messages.
  private var headerPosition: UInt64 = 0
  /// Entries so far.
  public private(set) var entries = 0
  /// The start of a block whose rest comes with the next piece.
  private let block = UnsafeMutableRawBufferPointer.allocate(byteCount: TarHeader.size, alignment: 16)
  private var collected = 0

  var pending = TarPending()
  /// The entry whose map or data are being read.
  var entry = TarEntry(kind: .file, path: [])
  /// Bytes of the archive that are the entry's, from here on.
  var stored: UInt64 = 0
  var sparseMap: SparseMap
  var sparseText: SparseText
  private var cursor = SparseCursor()

  public init(limits: LayerLimits = .standard) {
    self.limits = limits
    sparseMap = SparseMap(limit: 0)
    sparseText = SparseText(limit: 0)
  }

  deinit { block.deallocate() }

  /// How many parts a sparse file may have: what its map takes in memory is within the headers' limit.
  var sparseParts: Int { limits.headers / MemoryLayout<TarEntry.Extent>.stride }

  /// Takes the next piece of the archive, of any size; the fastest are multiples of 512 from its start.
  public mutating func feed(
    _ bytes: UnsafeRawBufferPointer, to consumer: inout some TarConsumer & ~Copyable
  ) throws(LayerError) {
    guard position + UInt64(bytes.count) <= limits.size else {
      throw LayerError("layer archive: larger than the limit of \(limits.size) bytes")
    }
    var index = 0
    while index < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[index...])
      let used: Int
      switch state {
      case .trailer: used = rest.count
      case .padding(let length):
        used = min(length, rest.count)
        state = used == length ? .header : .padding(length - used)
      case .data: used = try takeData(rest, to: &consumer)
      case .description(let flag, let length):
        used = min(length, rest.count)
        pending.content.append(contentsOf: rest[..<used])
        state = .description(flag, rest: length - used)
        if used == length {
          do throws(TarFault) { try endDescription(flag) } catch { throw located(error) }
        }
      case .header, .emptyBlock, .sparseBlocks, .sparseText:
        if collected == 0, rest.count >= TarHeader.size {
          used = TarHeader.size
          try takeBlock(UnsafeRawBufferPointer(rebasing: rest[..<used]), at: position, to: &consumer)
        } else {
          used = min(TarHeader.size - collected, rest.count)
          UnsafeMutableRawBufferPointer(rebasing: block[collected...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: rest[..<used]))
          collected += used
          if collected == TarHeader.size {
            collected = 0
            let start = position + UInt64(used) - UInt64(TarHeader.size)
            try takeBlock(UnsafeRawBufferPointer(block), at: start, to: &consumer)
          }
        }
      }
      index += used
      position += UInt64(used)
    }
  }

  /// Says that there is no more. An archive may end without the two empty blocks, but nowhere else.
  public func finish() throws(LayerError) {
    switch state {
    case .trailer: return
    case .padding where pending.isEmpty, .emptyBlock where collected == 0: return
    case .header where collected == 0 && pending.isEmpty: return
    default: throw located(TarFault("the archive ends in the middle of it"))
    }
  }

  private mutating func takeBlock(
    _ bytes: UnsafeRawBufferPointer, at start: UInt64, to consumer: inout some TarConsumer & ~Copyable
  ) throws(LayerError) {
    if pending.isEmpty, !isInMap { headerPosition = start }
    do throws(TarFault) {
      guard try takeHeaderBlock(bytes) else { return }
    } catch {
      throw located(error)
    }
    entries += 1
    guard entries <= limits.entries else {
      throw LayerError("layer archive: more than the limit of \(limits.entries) entries")
    }
    entry.dataOffset = start + UInt64(TarHeader.size)
    try consumer.begin(entry)
    cursor = SparseCursor()
    padding = Int(-Int64(bitPattern: stored) & 511)
    if stored > 0 { state = .data } else { try endEntry(to: &consumer) }
  }

  private var isInMap: Bool {
    switch state {
    case .sparseBlocks, .sparseText: true
    default: false
    }
  }

  /// - Returns: whether it completes the headers of an entry.
  private mutating func takeHeaderBlock(_ bytes: UnsafeRawBufferPointer) throws(TarFault) -> Bool {
    let header = TarHeader(bytes)
    switch state {
    case .sparseBlocks: return try takeSparseBlock(header)
    case .sparseText: return try takeSparseText(bytes)
    case .emptyBlock:
      guard header.isEmpty else { throw TarFault("an empty block in the middle of the archive") }
      state = .trailer
      return false
    default:
      guard header.isEmpty else { return try takeHeader(header) }
      guard pending.isEmpty else { throw TarFault("the archive ends before it") }
      state = .emptyBlock
      return false
    }
  }

  /// Behind the entry's data.
  private var padding = 0

  private mutating func endEntry(to consumer: inout some TarConsumer & ~Copyable) throws(LayerError) {
    state = padding == 0 ? .header : .padding(padding)
    try consumer.end()
  }

  /// Hands on what belongs to one part of the file.
  private mutating func takeData(
    _ bytes: UnsafeRawBufferPointer, to consumer: inout some TarConsumer & ~Copyable
  ) throws(LayerError) -> Int {
    let (offset, length) = cursor.next(in: entry.extents, stored: stored)
    let used = Int(min(length, UInt64(bytes.count)))
    try consumer.data(UnsafeRawBufferPointer(rebasing: bytes[..<used]), at: offset)
    cursor.advance(by: UInt64(used))
    stored -= UInt64(used)
    if stored == 0 { try endEntry(to: &consumer) }
    return used
  }

  private func located(_ fault: TarFault) -> LayerError {
    LayerError("layer archive, entry at byte \(headerPosition): \(fault.reason)")
  }
}

/// Where the data of an entry go: one part of the file after another, or the whole file in one.
struct SparseCursor {
  private var part = 0
  private var done: UInt64 = 0

  /// - Parameter stored: what is still to come: more than nothing, and in a sparse file what the parts add up to.
  mutating func next(in extents: [TarEntry.Extent]?, stored: UInt64) -> (offset: UInt64, length: UInt64) {
    guard let extents else { return (done, stored) }
    while done == extents[part].length {
      part += 1
      done = 0
    }
    return (extents[part].offset + done, extents[part].length - done)
  }

  mutating func advance(by count: UInt64) { done += count }
}
