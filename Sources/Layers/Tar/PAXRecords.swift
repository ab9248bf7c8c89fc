/// What a PAX header ("x") says about the entry that follows: it takes precedence over the entry's own header.
struct PAXRecords: Equatable {
  var path: [UInt8]?
  var target: [UInt8]?
  var size: UInt64?
  var uid: UInt64?
  var gid: UInt64?
  var modified: TarEntry.Time?
  var attributes: [TarEntry.Attribute] = []
  /// `GNU.sparse.major` and `.minor`: 1.0 has its map in front of the data.
  var sparseMajor: UInt64?
  var sparseMinor: UInt64?
  /// The true name; the entry's path is made up for programs that know nothing of sparse files.
  var sparseName: [UInt8]?
  /// The file's size with its holes.
  var sparseSize: UInt64?
  /// The map of 0.0 (a pair of records each) and 0.1 (all in one record).
  var sparseMap: SparseMap?

  private static let attributePrefix = Array("SCHILY.xattr.".utf8)

  /// Parses records of the form `LENGTH KEY=VALUE\n`, where the length counts the whole record.
  ///
  /// - Parameter extents: how many parts a sparse file may have.
  /// - Throws: `TarFault`, also for records that would be read differently by others.
  init(parsing bytes: [UInt8], extents: Int) throws(TarFault) {
    var rest = bytes[...]
    // Some programs fill the block with zeros and count them.
    while let first = rest.first, first != 0 {
      guard let space = rest.prefix(20).firstIndex(of: UInt8(ascii: " ")),
        let stated = TarNumber.decimal(rest[..<space]), let length = Int(exactly: stated), length <= rest.count,
        rest.startIndex + length > space + 1, rest[rest.startIndex + length - 1] == UInt8(ascii: "\n")
      else { throw TarFault("a PAX record has a wrong length") }
      let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
      rest = rest.dropFirst(length)
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")), equals > record.startIndex else {
        throw TarFault("a PAX record has no key")
      }
      try take(record[..<equals], record[(equals + 1)...], extents: extents)
    }
    keepLastAttributes()
  }

  init() {}

  private mutating func take(
    _ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, extents: Int
  ) throws(TarFault) {
    if key.starts(with: Self.attributePrefix) {
      let name = Array(key.dropFirst(Self.attributePrefix.count))
      guard !name.isEmpty, !name.contains(0) else { throw TarFault("an extended attribute has no valid name") }
      attributes.append(TarEntry.Attribute(name: name, value: Array(value)))
      return
    }
    // An empty value takes back what was said, so that the header's own field holds.
    let isEmpty = value.isEmpty
    let key = String(decoding: key, as: UTF8.self)
    switch key {
    case "path": path = isEmpty ? nil : try name(value, of: key)
    case "linkpath": target = isEmpty ? nil : try name(value, of: key)
    case "size": size = isEmpty ? nil : try number(value, of: key)
    case "uid": uid = isEmpty ? nil : try number(value, of: key)
    case "gid": gid = isEmpty ? nil : try number(value, of: key)
    case "mtime":
      modified = isEmpty ? nil : TarNumber.time(Array(value))
      guard isEmpty || modified != nil else { throw TarFault("PAX mtime is no time") }
    case "GNU.sparse.major": sparseMajor = try number(value, of: key)
    case "GNU.sparse.minor": sparseMinor = try number(value, of: key)
    case "GNU.sparse.name": sparseName = try name(value, of: key)
    case "GNU.sparse.size", "GNU.sparse.realsize": sparseSize = try number(value, of: key)
    case "GNU.sparse.offset", "GNU.sparse.numbytes":
      try appendToMap(number(value, of: key), isOffset: key.hasSuffix("offset"), extents: extents)
    case "GNU.sparse.map":
      var map = SparseMap(limit: extents)
      for part in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: value.isEmpty) {
        try map.append(number(part, of: key))
      }
      sparseMap = map
    default: break
    }
  }

  private mutating func appendToMap(_ value: UInt64, isOffset: Bool, extents: Int) throws(TarFault) {
    var map = sparseMap ?? SparseMap(limit: extents)
    // No copy of the map while it grows: it would be made anew for each part.
    sparseMap = nil
    guard map.isComplete == isOffset else { throw TarFault("GNU.sparse.offset and numbytes are not in pairs") }
    try map.append(value)
    sparseMap = map
  }

  private func number(_ value: ArraySlice<UInt8>, of key: String) throws(TarFault) -> UInt64 {
    guard let number = TarNumber.decimal(value) else { throw TarFault("PAX \(key) is no number") }
    return number
  }

  private func name(_ value: ArraySlice<UInt8>, of key: String) throws(TarFault) -> [UInt8] {
    guard !value.contains(0) else { throw TarFault("PAX \(key) has a zero byte") }
    return Array(value)
  }

  /// Of attributes with the same name the last one counts; sorted, so that thousands of them cost little.
  private mutating func keepLastAttributes() {
    guard attributes.count > 1 else { return }
    let order = attributes.indices.sorted { left, right in
      let (a, b) = (attributes[left].name, attributes[right].name)
      return a == b ? left < right : a.lexicographicallyPrecedes(b)
    }
    var kept: [TarEntry.Attribute] = []
    for index in order {
      if kept.last?.name == attributes[index].name { kept.removeLast() }
      kept.append(attributes[index])
    }
    attributes = kept
  }
}
