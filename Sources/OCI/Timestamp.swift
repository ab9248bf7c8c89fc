/// A moment in UTC, written as RFC 3339 has it and as Go does.
public struct Timestamp: Sendable, Equatable, CustomStringConvertible {
  /// Since 1970.
  public var seconds: Int64
  /// 0 to 999,999,999.
  public var nanoseconds: UInt32

  public init(seconds: Int64, nanoseconds: UInt32 = 0) {
    self.seconds = seconds
    self.nanoseconds = min(nanoseconds, 999_999_999)
  }

  /// Such as `2024-02-29T23:59:59.123Z`: as many digits of the fraction as it has.
  public var description: String {
    let days = floorDivide(seconds, 86_400)
    let second = seconds - days * 86_400
    let (year, month, day) = Self.date(days)
    let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    let time = "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
    guard nanoseconds > 0 else { return "\(date)T\(time)Z" }
    var fraction = padded(Int64(nanoseconds), 9)
    while fraction.utf8.last == UInt8(ascii: "0") { fraction.removeLast() }
    return "\(date)T\(time).\(fraction)Z"
  }

  /// Reads what RFC 3339 has, with any offset from UTC: `2024-02-29T23:59:59.123+01:00`.
  ///
  /// - Returns: `nil` for anything else, and for years before 1 (Go's zero time) and after 9999.
  public init?(parsing text: String) {
    let bytes = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int64? {
      guard range.upperBound <= bytes.count else { return nil }
      let digits = bytes[range].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      return digits ? Int64(String(decoding: bytes[range], as: UTF8.self)) : nil
    }
    func has(_ character: Unicode.Scalar, at index: Int) -> Bool {
      index < bytes.count && bytes[index] == UInt8(ascii: character)
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
      let minute = number(14..<16), let second = number(17..<19), has("-", at: 4), has("-", at: 7), has(":", at: 13),
      has(":", at: 16), has("T", at: 10) || has("t", at: 10) || has(" ", at: 10), year > 0, (1...12).contains(month),
      (1...31).contains(day), hour < 24, minute < 60, second <= 60
    else { return nil }
    var at = 19
    var fraction: UInt32 = 0
    if has(".", at: at) {
      var digits: [UInt8] = []
      at += 1
      while at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) {
        digits.append(bytes[at])
        at += 1
      }
      guard !digits.isEmpty else { return nil }
      let nine = (digits + [UInt8](repeating: UInt8(ascii: "0"), count: 9)).prefix(9)
      fraction = UInt32(String(decoding: nine, as: UTF8.self)) ?? 0
    }
    var offset: Int64 = 0
    if has("+", at: at) || has("-", at: at) {
      guard let hours = number(at + 1..<at + 3), let minutes = number(at + 4..<at + 6), has(":", at: at + 3),
        at + 6 == bytes.count
      else { return nil }
      offset = (hours * 60 + minutes) * 60 * (has("-", at: at) ? -1 : 1)
    } else if !(has("Z", at: at) || has("z", at: at)) || at + 1 != bytes.count {
      return nil
    }
    let seconds = Self.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    self.init(seconds: seconds, nanoseconds: fraction)
  }

  /// Days since 1970 of a Gregorian date; the reverse of `date`.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = floorDivide(shifted, 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The Gregorian date of a day since 1970, by eras of 400 years that begin on 1 March: the leap day is the last
  /// day of a year then, and months have a regular length.
  private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }
}

private func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
  value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
}

private func padded(_ number: Int64, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
