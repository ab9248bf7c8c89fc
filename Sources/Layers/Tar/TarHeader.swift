internal import Glibc

/// One block of 512 bytes that is an entry's header: where the fields are, not what they mean together.
struct TarHeader {
  static let size = 512

  /// What kind of entry follows, as the header says it: also those that only describe the next one.
  enum Flag {
    case entry(TarEntry.Kind)
    case sparseFile
    case records, globalRecords, longName, longTarget
    case unknown(UInt8)
  }

  /// Which fields there are behind the first 257 bytes that all have in common.
  private enum Format { case v7, ustar, star, gnu }

  private let bytes: UnsafeRawBufferPointer

  /// - Parameter bytes: the block, which must outlive this value.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private func field(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }

  /// Up to the first zero byte: the whole field may be used, then there is none.
  private func text(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    let field = field(range)
    guard let base = field.baseAddress else { return field }
    return UnsafeRawBufferPointer(start: base, count: strnlen(base.assumingMemoryBound(to: CChar.self), field.count))
  }

  /// Nothing but zeros: the archive's end.
  var isEmpty: Bool { bytes.allSatisfy { $0 == 0 } }

  /// The sum of the block's bytes agrees with the field for it, which counts as spaces. Some old programs added up
  /// signed bytes.
  var hasValidChecksum: Bool {
    guard let stated = TarNumber.field(field(148..<156)) else { return false }
    var sum: Int64 = 8 * 32
    for index in 0..<Self.size { sum &+= Int64(bytes[index]) }
    for index in 148..<156 { sum &-= Int64(bytes[index]) }
    if sum == stated { return true }
    let isCounted = { (index: Int) in !(148..<156).contains(index) }
    let high = bytes.indices.filter { isCounted($0) && bytes[$0] >= 0x80 }.count
    return sum - 256 * Int64(high) == stated
  }

  private var format: Format {
    let magic = field(257..<265)
    if magic.elementsEqual("ustar  \0".utf8) { return .gnu }
    guard magic.prefix(6).elementsEqual("ustar\0".utf8) else { return .v7 }
    return field(508..<512).elementsEqual("tar\0".utf8) ? .star : .ustar
  }

  var flag: Flag {
    switch bytes[156] {
    case UInt8(ascii: "0"), UInt8(ascii: "7"): .entry(.file)
    // Before ustar a slash at the end was all that told a directory.
    case 0: .entry(text(0..<100).last == UInt8(ascii: "/") ? .directory : .file)
    case UInt8(ascii: "1"): .entry(.hardLink)
    case UInt8(ascii: "2"): .entry(.symbolicLink)
    case UInt8(ascii: "3"): .entry(.characterDevice)
    case UInt8(ascii: "4"): .entry(.blockDevice)
    case UInt8(ascii: "5"): .entry(.directory)
    case UInt8(ascii: "6"): .entry(.fifo)
    case UInt8(ascii: "S"): .sparseFile
    case UInt8(ascii: "x"), UInt8(ascii: "X"): .records
    case UInt8(ascii: "g"): .globalRecords
    case UInt8(ascii: "L"): .longName
    case UInt8(ascii: "K"): .longTarget
    default: .unknown(bytes[156])
    }
  }

  var path: [UInt8] {
    let name = text(0..<100)
    let prefix: UnsafeRawBufferPointer
    switch format {
    case .ustar: prefix = text(345..<500)
    case .star: prefix = text(345..<476)
    case .v7, .gnu: return Array(name)
    }
    if prefix.isEmpty { return Array(name) }
    var path: [UInt8] = []
    path.reserveCapacity(prefix.count + 1 + name.count)
    path.append(contentsOf: prefix)
    path.append(UInt8(ascii: "/"))
    path.append(contentsOf: name)
    return path
  }

  var target: [UInt8] { Array(text(157..<257)) }
  var mode: Int64? { TarNumber.field(field(100..<108)) }
  var uid: Int64? { TarNumber.field(field(108..<116)) }
  var gid: Int64? { TarNumber.field(field(116..<124)) }
  var dataSize: Int64? { TarNumber.field(field(124..<136)) }
  var modified: Int64? { TarNumber.field(field(136..<148)) }
  var deviceMajor: Int64? { format == .v7 ? 0 : TarNumber.field(field(329..<337)) }
  var deviceMinor: Int64? { format == .v7 ? 0 : TarNumber.field(field(337..<345)) }

  /// The file's size with its holes, of a sparse file of GNU's old form.
  var sparseSize: Int64? { TarNumber.field(field(483..<495)) }
  /// The first part of such a file's map, and whether more blocks of it follow.
  var sparseMap: (entries: UnsafeRawBufferPointer, continues: Bool) { (field(386..<482), bytes[482] != 0) }
  /// The same of a block that follows.
  var sparseContinuation: (entries: UnsafeRawBufferPointer, continues: Bool) { (field(0..<504), bytes[504] != 0) }
}
