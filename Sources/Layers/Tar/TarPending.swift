/// What was said so far about the entry that comes next.
struct TarPending {
  var records = PAXRecords()
  var longName: [UInt8]?
  var longTarget: [UInt8]?
  /// The content of the description that is being read.
  var content: [UInt8] = []
  /// Bytes of all descriptions of this entry, with their headers.
  var size = 0

  var isEmpty: Bool { size == 0 }
}

/// What headers mean.
extension TarReader {
  /// - Returns: whether an entry is complete but for its data; else more of its headers come.
  mutating func takeHeader(_ header: TarHeader) throws(TarFault) -> Bool {
    guard header.hasValidChecksum else { throw TarFault("the header's checksum is wrong") }
    let flag = header.flag
    switch flag {
    case .unknown(let type): throw TarFault("unknown type \(type)")
    case .records, .globalRecords, .longName, .longTarget:
      try beginDescription(flag, header)
      return false
    case .sparseFile: try makeEntry(header, kind: .file)
    case .entry(let kind): try makeEntry(header, kind: kind)
    }
    let records = pending.records
    pending = TarPending()
    if case .sparseFile = flag { return try beginSparse(header) }
    return entry.kind == .file ? try beginSparse(records) : true
  }

  private mutating func beginDescription(_ flag: TarHeader.Flag, _ header: TarHeader) throws(TarFault) {
    guard let stated = header.dataSize, stated >= 0 else { throw TarFault("the size is invalid") }
    guard stated <= limits.headers, pending.size + TarHeader.size + Int(stated) <= limits.headers else {
      throw TarFault("its headers are larger than the limit of \(limits.headers) bytes")
    }
    pending.size += TarHeader.size + Int(stated)
    pending.content.reserveCapacity(Int(stated))
    state = .description(flag, rest: Int(stated))
    if stated == 0 { try endDescription(flag) }
  }

  mutating func endDescription(_ flag: TarHeader.Flag) throws(TarFault) {
    let content = pending.content
    pending.content = []
    switch flag {
    case .records: pending.records = try PAXRecords(parsing: content, extents: sparseParts)
    case .longName: pending.longName = Array(content.prefix { $0 != 0 })
    case .longTarget: pending.longTarget = Array(content.prefix { $0 != 0 })
    default: break
    }
    let padding = -content.count & (TarHeader.size - 1)
    state = padding == 0 ? .header : .padding(padding)
  }

  private mutating func makeEntry(_ header: TarHeader, kind: TarEntry.Kind) throws(TarFault) {
    let records = pending.records
    var path = pending.longName ?? records.path ?? header.path
    if kind == .file, let name = records.sparseName { path = name }
    guard !path.isEmpty else { throw TarFault("it has no name") }
    guard path.count <= limits.path else { throw TarFault("its name is longer than \(limits.path) bytes") }
    entry = TarEntry(kind: kind, path: path)
    guard let mode = header.mode else { throw TarFault("the mode is invalid") }
    entry.mode = UInt32(truncatingIfNeeded: mode) & 0o7777
    entry.uid = try id(records.uid, header.uid, "user")
    entry.gid = try id(records.gid, header.gid, "group")
    guard let modified = records.modified ?? header.modified.map({ TarEntry.Time(seconds: $0) }) else {
      throw TarFault("the modification time is invalid")
    }
    entry.modified = modified
    entry.attributes = records.attributes
    stored = 0
    switch kind {
    case .file:
      guard let size = records.size ?? header.dataSize.flatMap({ UInt64(exactly: $0) }) else {
        throw TarFault("the size is invalid")
      }
      guard size <= limits.size, position + size <= limits.size else {
        throw TarFault("it makes the archive larger than the limit of \(limits.size) bytes")
      }
      stored = size
      entry.size = size
    case .hardLink, .symbolicLink:
      entry.target = pending.longTarget ?? records.target ?? header.target
      guard !entry.target.isEmpty else { throw TarFault("the link leads nowhere") }
      guard entry.target.count <= limits.path else { throw TarFault("its link is longer than \(limits.path) bytes") }
    case .characterDevice, .blockDevice:
      entry.deviceMajor = try deviceNumber(header.deviceMajor)
      entry.deviceMinor = try deviceNumber(header.deviceMinor)
    // Whatever size they state: no data follow.
    case .directory, .fifo: break
    }
  }

  /// The last number means "no change" to chown(2), so it is nobody's.
  private func id(_ record: UInt64?, _ field: Int64?, _ what: String) throws(TarFault) -> UInt32 {
    let id = record.map { UInt32(exactly: $0) } ?? field.map { UInt32(exactly: $0) }
    guard let id = id ?? nil, id < UInt32.max else { throw TarFault("the \(what) id is invalid") }
    return id
  }

  private func deviceNumber(_ field: Int64?) throws(TarFault) -> UInt32 {
    guard let number = field.flatMap({ UInt32(exactly: $0) }) else { throw TarFault("the device number is invalid") }
    return number
  }
}

/// Sparse files.
extension TarReader {
  /// GNU's old form: the map begins in the header.
  private mutating func beginSparse(_ header: TarHeader) throws(TarFault) -> Bool {
    guard let size = header.sparseSize, size >= 0 else { throw TarFault("the size is invalid") }
    entry.size = UInt64(size)
    sparseMap = SparseMap(limit: sparseParts)
    return try takeSparse(header.sparseMap)
  }

  mutating func takeSparseBlock(_ header: TarHeader) throws(TarFault) -> Bool {
    try takeSparse(header.sparseContinuation)
  }

  private mutating func takeSparse(
    _ part: (entries: UnsafeRawBufferPointer, continues: Bool)
  ) throws(TarFault) -> Bool {
    let before = sparseMap.extents.count
    try sparseMap.append(fields: part.entries)
    if part.continues {
      guard sparseMap.extents.count > before else { throw TarFault("a sparse file's map has an empty part") }
      state = .sparseBlocks
      return false
    }
    entry.extents = try sparseMap.validated(size: entry.size, stored: stored)
    sparseMap = SparseMap(limit: 0)
    return true
  }

  /// The forms that PAX records tell of.
  private mutating func beginSparse(_ records: PAXRecords) throws(TarFault) -> Bool {
    guard records.sparseMajor != nil || records.sparseMap != nil else { return true }
    guard let size = records.sparseSize, size <= UInt64(Int64.max) else { throw TarFault("the size is invalid") }
    entry.size = size
    switch (records.sparseMajor, records.sparseMinor) {
    case (1, 0):
      sparseText = SparseText(limit: sparseParts)
      state = .sparseText
      return false
    case (nil, nil), (0, 0), (0, 1):
      guard let map = records.sparseMap else { throw TarFault("a sparse file without a map") }
      entry.extents = try map.validated(size: size, stored: stored)
      return true
    default: throw TarFault("an unknown form of sparse file")
    }
  }

  mutating func takeSparseText(_ block: UnsafeRawBufferPointer) throws(TarFault) -> Bool {
    guard stored >= UInt64(TarHeader.size) else { throw TarFault("a sparse file's map is longer than the entry") }
    stored -= UInt64(TarHeader.size)
    guard try sparseText.append(block) else { return false }
    entry.extents = try sparseText.map.validated(size: entry.size, stored: stored)
    sparseText = SparseText(limit: 0)
    return true
  }
}
