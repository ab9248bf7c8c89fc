internal import Glibc

/// A day of the Gregorian calendar and a time in UTC, computed without Foundation and without the C library's lock and
/// zone files.
struct Timestamp {
  let year: Int
  let month: Int
  let day: Int
  private let secondOfDay: Int

  /// From seconds since 1970-01-01T00:00:00Z.
  init(seconds: Int) {
    let (days, second) = seconds.quotientAndRemainderFloored(by: 86400)
    secondOfDay = second
    // Years begin in March here, so that the leap day is the last of its year, and the calendar repeats every 400 years.
    let (era, dayOfEra) = (days + 719_468).quotientAndRemainderFloored(by: 146_097)
    let leapDays = dayOfEra / 1460 - dayOfEra / 36_524 + dayOfEra / 146_096
    let yearOfEra = (dayOfEra - leapDays) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    // Five months from March, and from August, have 153 days.
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
  }

  static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: time.tv_sec)
  }

  /// `2026-11-23T09:08:07Z`.
  var rfc3339: String {
    "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
      + "T\(padded(secondOfDay / 3600, 2)):\(padded(secondOfDay / 60 % 60, 2)):\(padded(secondOfDay % 60, 2))Z"
  }
}

private func padded(_ number: Int, _ digits: Int) -> String {
  let text = String(number)
  return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

extension Int {
  /// Rounds towards minus infinity, so that days before 1970 have a time of day as well.
  fileprivate func quotientAndRemainderFloored(by divisor: Int) -> (Int, Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
