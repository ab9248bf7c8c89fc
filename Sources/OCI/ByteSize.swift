/// Numbers of bytes as people write them.
package enum ByteSize {
  /// What runc's `update` takes (docker/go-units, RAMInBytes): a decimal number, also with a fraction, then `b`, or one of
  /// `k`, `m`, `g`, `t`, `p` in any case, alone or with `b` or `ib`, all of them powers of 1024; one space may be
  /// between. `-1` stands for itself: no limit.
  ///
  /// - Returns: nil for anything else, and beyond what a limit can be (2^63 - 1).
  package static func parse(_ text: String) -> Int64? {
    if text == "-1" { return -1 }
    let isDigit = { (byte: UInt8) in UInt8(ascii: "0") <= byte && byte <= UInt8(ascii: "9") }
    let bytes = Array(text.utf8)
    let whole = bytes.prefix(while: isDigit)
    var rest = bytes[whole.endIndex...]
    var fraction: ArraySlice<UInt8> = []
    if rest.first == UInt8(ascii: ".") {
      fraction = rest.dropFirst().prefix(while: isDigit)
      rest = rest[fraction.endIndex...]
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    if rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
    guard let unit = unit(String(decoding: rest, as: UTF8.self).lowercased()) else { return nil }
    if fraction.isEmpty {
      guard let number = Int64(String(decoding: whole, as: UTF8.self)) else { return nil }
      let (size, overflows) = number.multipliedReportingOverflow(by: unit)
      return overflows ? nil : size
    }
    let digits = String(decoding: whole, as: UTF8.self) + "." + String(decoding: fraction, as: UTF8.self)
    guard let number = Double("0" + digits) else { return nil }
    return Int64(exactly: (number * Double(unit)).rounded(.towardZero))
  }

  private static func unit(_ suffix: String) -> Int64? {
    if suffix.isEmpty || suffix == "b" { return 1 }
    guard let first = suffix.first, ["", "b", "ib"].contains(suffix.dropFirst()),
      let power = Array("kmgtp").firstIndex(of: first)
    else { return nil }
    return 1 << (10 * Int64(power + 1))
  }
}
