import Layers

/// An archive made by hand: what no program would write.
struct RawTar {
  var bytes: [UInt8] = []

  /// A header with a valid checksum, and the data in whole blocks.
  mutating func add(
    _ name: [UInt8], type: Character = "0", data: [UInt8] = [], size: UInt64? = nil, target: String = "",
    mode: UInt32 = 0o644, uid: UInt64 = 0, gid: UInt64 = 0, modified: UInt64 = 1_000_000_000, major: UInt64 = 0,
    minor: UInt64 = 0, change: (inout [UInt8]) -> Void = { _ in }
  ) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: some Collection<UInt8>, at offset: Int) {
      header.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }
    put(name.prefix(100), at: 0)
    put(Self.octal(UInt64(mode), 7), at: 100)
    put(Self.octal(uid, 7), at: 108)
    put(Self.octal(gid, 7), at: 116)
    put(Self.octal(size ?? UInt64(data.count), 11), at: 124)
    put(Self.octal(modified, 11), at: 136)
    header[156] = type.asciiValue ?? 0
    put(Array(target.utf8).prefix(100), at: 157)
    put(Array("ustar\0".utf8) + Array("00".utf8), at: 257)
    put(Self.octal(major, 7), at: 329)
    put(Self.octal(minor, 7), at: 337)
    change(&header)
    Self.seal(&header)
    bytes += header + data + [UInt8](repeating: 0, count: -data.count & 511)
  }

  mutating func add(_ name: String, type: Character = "0", data: String = "", target: String = "", mode: UInt32 = 0o644)
  {
    add(Array(name.utf8), type: type, data: Array(data.utf8), target: target, mode: mode)
  }

  /// PAX records for the next entry.
  mutating func addRecords(_ records: [(String, [UInt8])], type: Character = "x") {
    add(Array("PaxHeaders/x".utf8), type: type, data: records.flatMap { Self.record($0.0, $0.1) })
  }

  mutating func addRecords(_ records: [(String, String)]) {
    addRecords(records.map { ($0.0, Array($0.1.utf8)) })
  }

  mutating func addEnd() { bytes += [UInt8](repeating: 0, count: 1024) }

  static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let body = Array(" \(key)=".utf8) + value + [UInt8(ascii: "\n")]
    var length = body.count + 1
    while String(length).utf8.count + body.count != length { length = String(length).utf8.count + body.count }
    return Array(String(length).utf8) + body
  }

  static func octal(_ value: UInt64, _ digits: Int) -> [UInt8] {
    let text = String(value, radix: 8)
    return Array((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8)
  }

  /// The checksum, as GNU tar writes it.
  static func seal(_ header: inout [UInt8]) {
    header.replaceSubrange(148..<156, with: Array("        ".utf8))
    let sum = header.reduce(0) { $0 + UInt64($1) }
    header.replaceSubrange(148..<156, with: octal(sum, 6) + [0, UInt8(ascii: " ")])
  }
}

/// What a reader told: entries with their content.
struct TarListing: TarConsumer {
  struct Item: Equatable {
    var entry: TarEntry
    var content: [UInt8] = []
  }

  var items: [Item] = []
  private var isOpen = false

  mutating func begin(_ entry: TarEntry) {
    precondition(!isOpen)
    isOpen = true
    items.append(Item(entry: entry))
  }

  mutating func data(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
    precondition(isOpen && !bytes.isEmpty)
    let last = items.count - 1
    // A hole before it.
    let hole = Int(clamping: offset) - items[last].content.count
    precondition(hole >= 0 && hole < 1 << 26)
    items[last].content += [UInt8](repeating: 0, count: hole) + Array(bytes)
  }

  mutating func end() {
    precondition(isOpen)
    isOpen = false
  }

  subscript(_ path: String) -> Item? { items.first { $0.entry.path == Array(path.utf8) } }
  var paths: [String] { items.map { String(decoding: $0.entry.path, as: UTF8.self) } }

  /// Reads a whole archive, in pieces of so many bytes.
  static func read(
    _ bytes: [UInt8], limits: LayerLimits = .standard, pieces: Int = 1 << 20
  ) throws(LayerError) -> TarListing {
    var reader = TarReader(limits: limits)
    var listing = TarListing()
    var start = 0
    while start < bytes.count {
      let end = min(start + pieces, bytes.count)
      let result = bytes[start..<end].withUnsafeBytes { buffer in
        Result { () throws(LayerError) in try reader.feed(buffer, to: &listing) }
      }
      try result.get()
      start = end
    }
    try reader.finish()
    return listing
  }
}
