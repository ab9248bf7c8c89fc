/// The 512 bytes of a ustar header, field by field.
///
/// Numbers and names that do not fit are the business of PAX records; what stands here for them then is what Go's
/// archive/tar leaves there: zero, and as many ASCII bytes as there is room for.
struct UstarBlock {
  static let size = 512
  /// The largest number of a field of 8 bytes: ids, devices.
  static let largestShort: UInt64 = 0o7777777
  /// The largest number of a field of 12 bytes: sizes, times.
  static let largestLong: UInt64 = 0o77777777777

  private(set) var bytes = [UInt8](repeating: 0, count: size)

  /// - Parameter device: `nil` for headers that are of no file.
  init(
    name: [UInt8], type: UInt8, mode: UInt64 = 0, uid: UInt64 = 0, gid: UInt64 = 0, size: UInt64 = 0,
    modified: Int64 = 0, target: [UInt8] = [], device: (major: UInt64, minor: UInt64)? = nil
  ) {
    text(name, at: 0, room: 100)
    octal(mode, at: 100, room: 8)
    octal(uid, at: 108, room: 8)
    octal(gid, at: 116, room: 8)
    octal(size, at: 124, room: 12)
    octal(UInt64(max(0, modified)), at: 136, room: 12)
    bytes[156] = type
    text(target, at: 157, room: 100)
    text(Array("ustar".utf8), at: 257, room: 6)
    bytes[263] = UInt8(ascii: "0")
    bytes[264] = UInt8(ascii: "0")
    if let device {
      octal(device.major, at: 329, room: 8)
      octal(device.minor, at: 337, room: 8)
    }
    // The sum counts its own field as eight spaces, and is six digits, a zero byte and a space.
    for index in 148..<156 { bytes[index] = UInt8(ascii: " ") }
    let sum = bytes.reduce(UInt64(0)) { $0 + UInt64($1) }
    octal(sum, at: 148, room: 7)
  }

  private mutating func text(_ text: [UInt8], at offset: Int, room: Int) {
    let ascii = text.filter { $0 < 0x80 }
    bytes.replaceSubrange(offset..<offset + min(room, ascii.count), with: ascii.prefix(room))
    // Some readers take a name that ends with a slash for a directory's, wherever it was cut.
    guard ascii.count > room else { return }
    var last = offset + room - 1
    while last > offset, bytes[last] == UInt8(ascii: "/") {
      bytes[last] = 0
      last -= 1
    }
  }

  private mutating func octal(_ value: UInt64, at offset: Int, room: Int) {
    let digits = room - 1
    var rest = digits < 22 && value >> UInt64(3 * digits) != 0 ? 0 : value
    for index in stride(from: offset + digits - 1, through: offset, by: -1) {
      bytes[index] = UInt8(ascii: "0") + UInt8(rest & 7)
      rest >>= 3
    }
    bytes[offset + digits] = 0
  }
}
