/// The records of a PAX extended header: what a ustar header has no room for.
struct PAXHeader {
  private var records: [(key: [UInt8], value: [UInt8])] = []

  var isEmpty: Bool { records.isEmpty }

  /// The records that an entry needs, and no others.
  ///
  /// - Parameter path: of the entry, as it is written.
  init(of entry: TarEntry, path: [UInt8]) throws(LayerError) {
    if Self.isLong(path) { add("path", path) }
    if !entry.target.isEmpty, Self.isLong(entry.target) { add("linkpath", entry.target) }
    if entry.kind == .file, entry.size > UstarBlock.largestLong { add("size", entry.size) }
    if UInt64(entry.uid) > UstarBlock.largestShort { add("uid", UInt64(entry.uid)) }
    if UInt64(entry.gid) > UstarBlock.largestShort { add("gid", UInt64(entry.gid)) }
    let time = entry.modified
    if time.nanoseconds != 0 || time.seconds < 0 || UInt64(time.seconds) > UstarBlock.largestLong {
      add("mtime", Self.text(of: time))
    }
    for attribute in entry.attributes {
      // A record's key ends at the first equals sign, and there is no way to write another one that all readers know.
      guard !attribute.name.isEmpty, !attribute.name.contains(UInt8(ascii: "=")), !attribute.name.contains(0) else {
        throw LayerError(
          "write tar entry \(LayerPath.text(path)): the extended attribute \(LayerPath.text(attribute.name)) has a name that no "
            + "archive can hold")
      }
      records.append((Array("SCHILY.xattr.".utf8) + attribute.name, attribute.value))
    }
    records.sort { $0.key.lexicographicallyPrecedes($1.key) }
  }

  /// `LENGTH KEY=VALUE\n` for each record; the length counts its own digits.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for record in records {
      let rest = record.key.count + record.value.count + 3
      var length = rest + Self.digits(rest)
      length = rest + Self.digits(length)
      bytes += Array("\(length) ".utf8) + record.key + [UInt8(ascii: "=")] + record.value + [UInt8(ascii: "\n")]
    }
    return bytes
  }

  /// Where Go's archive/tar puts the header: `DIRECTORY/PaxHeaders.0/NAME`, for a directory `DIRECTORY/PaxHeaders.0`.
  static func name(for path: [UInt8]) -> [UInt8] {
    let split = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex
    let name = path[..<split] + Array("PaxHeaders.0/".utf8) + path[split...]
    var ascii = name.filter { $0 < 0x80 }.prefix(100)
    while ascii.last == UInt8(ascii: "/") { ascii = ascii.dropLast() }
    return Array(ascii)
  }

  private mutating func add(_ key: String, _ value: [UInt8]) { records.append((Array(key.utf8), value)) }
  private mutating func add(_ key: String, _ value: UInt64) { add(key, Array("\(value)".utf8)) }

  private static func isLong(_ text: [UInt8]) -> Bool { text.count > 100 || text.contains { $0 >= 0x80 } }

  private static func digits(_ number: Int) -> Int { String(number).utf8.count }

  /// Seconds with as many digits after the point as the time has; before 1970 the point's digits count downwards.
  private static func text(of time: TarEntry.Time) -> [UInt8] {
    guard time.nanoseconds != 0 else { return Array("\(time.seconds)".utf8) }
    let isBefore = time.seconds < 0
    let whole = isBefore ? -(time.seconds + 1) : time.seconds
    let part = isBefore ? 1_000_000_000 - time.nanoseconds : time.nanoseconds
    let padded = String(String(1_000_000_000 + part).dropFirst())
    var fraction = padded[...]
    while fraction.last == "0" { fraction = fraction.dropLast() }
    return Array("\(isBefore ? "-" : "")\(whole).\(fraction)".utf8)
  }
}
