internal import Glibc
internal import OCI

/// Numbers as docker shows them.
enum HumanText {
  /// `0B`, `12.3kB`, `127MB`: powers of 1000, three digits.
  static func size(_ bytes: UInt64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1000, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return significant(value) + units[unit]
  }

  /// Three significant digits, without zeros behind the point.
  private static func significant(_ value: Double) -> String {
    let places = value >= 100 ? 0 : value >= 10 ? 1 : 2
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = Int64((value * scale).rounded())
    var text = "\(scaled / Int64(scale))"
    let fraction = scaled % Int64(scale)
    if fraction > 0 {
      var digits = "\(fraction)"
      while digits.utf8.count < places { digits = "0" + digits }
      while digits.hasSuffix("0") { digits.removeLast() }
      text += ".\(digits)"
    }
    return text
  }

  /// `5 minutes ago`, in the words of docker's units library.
  static func age(_ moment: Timestamp?, now: Int64 = Int64(time(nil))) -> String {
    guard let moment else { return "N/A" }
    return duration(max(0, now - moment.seconds)) + " ago"
  }

  private static func duration(_ seconds: Int64) -> String {
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600)
    switch seconds {
    case ..<1: return "Less than a second"
    case 1: return "1 second"
    case ..<60: return "\(seconds) seconds"
    default: break
    }
    if minutes == 1 { return "About a minute" }
    if minutes < 60 { return "\(minutes) minutes" }
    if hours == 1 { return "About an hour" }
    if hours < 48 { return "\(hours) hours" }
    if hours < 24 * 7 * 2 { return "\(hours / 24) days" }
    if hours < 24 * 30 * 2 { return "\(hours / 24 / 7) weeks" }
    if hours < 24 * 365 * 2 { return "\(hours / 24 / 30) months" }
    return "\(hours / 24 / 365) years"
  }
}
