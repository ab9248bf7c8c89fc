/// Writes a tar archive in the PAX format, byte for byte as Go's archive/tar does for docker: a ustar header where
/// everything fits, a PAX header before it otherwise; the mode has the kind of the file as well. The same entries are
/// always the same bytes.
///
/// Sparse files are written plainly, holes as zeros: no engine keeps them sparse in an image.
public struct TarWriter: ~Copyable {
  private let sink: any ByteSink
  /// Data of the current entry that are still to come.
  private var missing: UInt64 = 0
  private var padding = 0
  private var current: [UInt8] = []
  /// Bytes of the archive so far.
  public private(set) var size: UInt64 = 0

  private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

  public init(_ sink: any ByteSink) { self.sink = sink }

  /// Begins an entry. A file's data follow, exactly `entry.size` bytes of them.
  ///
  /// A directory's path gets the slash at its end that readers expect. `dataOffset` and `extents` are of no interest.
  public mutating func add(_ entry: TarEntry) throws(LayerError) {
    try close()
    var path = entry.path
    if entry.kind == .directory, path.last != UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
    try check(entry, path)
    let records = try PAXHeader(of: entry, path: path)
    if !records.isEmpty {
      let body = records.bytes
      try write(
        UstarBlock(name: PAXHeader.name(for: path), type: UInt8(ascii: "x"), size: UInt64(body.count)).bytes)
      try write(body)
      try fill(Self.padding(UInt64(body.count)))
    }
    let isDevice = entry.kind == .characterDevice || entry.kind == .blockDevice
    let length = entry.kind == .file ? entry.size : 0
    try write(
      UstarBlock(
        name: path, type: entry.kind.typeFlag, mode: UInt64(entry.kind.fileFormat) | UInt64(entry.mode & 0o7777),
        uid: UInt64(entry.uid),
        gid: UInt64(entry.gid), size: length, modified: entry.modified.seconds, target: entry.target,
        device: isDevice ? (UInt64(entry.deviceMajor), UInt64(entry.deviceMinor)) : (0, 0)
      ).bytes)
    (missing, padding, current) = (length, Self.padding(length), path)
  }

  /// Writes the next bytes of the current file.
  public mutating func write(data: UnsafeRawBufferPointer) throws(LayerError) {
    guard UInt64(data.count) <= missing else {
      throw LayerError("write tar entry \(LayerPath.text(current)): more data than its size")
    }
    missing -= UInt64(data.count)
    size += UInt64(data.count)
    try sink.write(data)
  }

  /// Writes all of the current file's data.
  public mutating func write(data bytes: [UInt8]) throws(LayerError) {
    guard UInt64(bytes.count) == missing else {
      throw LayerError("write tar entry \(LayerPath.text(current)): not as many data as its size")
    }
    missing = 0
    try write(bytes)
  }

  /// Writes zeros of the current file: a hole.
  public mutating func writeHole(_ length: UInt64) throws(LayerError) {
    guard length <= missing else {
      throw LayerError("write tar entry \(LayerPath.text(current)): more data than its size")
    }
    missing -= length
    try fill(length)
  }

  /// Ends the archive: two blocks of zeros.
  public mutating func finish() throws(LayerError) {
    try close()
    try fill(2 * UstarBlock.size)
  }

  private mutating func close() throws(LayerError) {
    guard missing == 0 else {
      throw LayerError("write tar entry \(LayerPath.text(current)): \(missing) bytes fewer than its size")
    }
    try fill(padding)
    padding = 0
  }

  /// What a header cannot say in any format: it would come back as another entry.
  private func check(_ entry: TarEntry, _ path: [UInt8]) throws(LayerError) {
    func refuse(_ reason: String) -> LayerError { LayerError("write tar entry \(LayerPath.text(path)): \(reason)") }
    guard !path.isEmpty, !path.contains(0), !entry.target.contains(0) else { throw refuse("a name that is none") }
    guard entry.kind == .directory || path.last != UInt8(ascii: "/") else {
      throw refuse("only a directory's name ends with a slash")
    }
    let isLink = entry.kind == .hardLink || entry.kind == .symbolicLink
    guard isLink == !entry.target.isEmpty else { throw refuse(isLink ? "a link to nothing" : "a target, and no link") }
    guard entry.modified.nanoseconds < 1_000_000_000 else { throw refuse("a time that is none") }
    guard entry.size <= UInt64(Int64.max) - 1023 else { throw refuse("larger than any file") }
    guard entry.deviceMajor <= UInt32(UstarBlock.largestShort), entry.deviceMinor <= UInt32(UstarBlock.largestShort)
    else { throw refuse("a device number that no archive can hold") }
  }

  private static func padding(_ length: UInt64) -> Int {
    (UstarBlock.size - Int(length % UInt64(UstarBlock.size))) % UstarBlock.size
  }

  private mutating func write(_ bytes: [UInt8]) throws(LayerError) {
    size += UInt64(bytes.count)
    try sink.write(bytes)
  }

  private mutating func fill(_ length: some BinaryInteger) throws(LayerError) {
    var rest = UInt64(length)
    while rest > 0 {
      let count = Int(min(rest, UInt64(Self.zeros.count)))
      try write(count == Self.zeros.count ? Self.zeros : Array(Self.zeros.prefix(count)))
      rest -= UInt64(count)
    }
  }
}
