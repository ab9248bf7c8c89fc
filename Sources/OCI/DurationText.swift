/// Times as Go's time.ParseDuration reads them: `5s`, `1m30s`, `1.5h`, `250ms`.
package enum DurationText {
  private static let units: [(name: String, nanoseconds: Double)] = [
    ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
  ]

  /// - Parameter least: in nanoseconds; a plain 0 is a time if 0 is.
  /// - Returns: nil if it is no time, or less than the least, or more than 2^63 - 1 nanoseconds (292 years).
  package static func nanoseconds(_ text: String, least: Double = 1) -> Int64? {
    if text == "0", least == 0 { return 0 }
    guard !text.isEmpty else { return nil }
    var total = 0.0
    var rest = text[...]
    if rest.first == "+" { rest = rest.dropFirst() }
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest[number.endIndex...]
      let name = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
      rest = rest[name.endIndex...]
      guard number.contains(where: \.isNumber), let value = Double("0" + number + (number.contains(".") ? "0" : "")),
        let unit = units.first(where: { $0.name == name })
      else { return nil }
      total += value * unit.nanoseconds
    }
    guard total >= least else { return nil }
    return Int64(exactly: total.rounded(.towardZero))
  }
}
