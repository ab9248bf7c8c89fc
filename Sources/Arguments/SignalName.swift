/// Signals as `kill` takes them.
package enum SignalName {
  /// Linux's names on x86-64 and arm64, by number from 1.
  static let names = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
  ]

  /// glibc keeps 32 and 33 for its threads: to programs, real-time signals begin at 34.
  private static let firstRealTime: CInt = 34
  private static let lastRealTime: CInt = 64
  static let `default`: CInt = 15

  /// The number of a signal: a name in any case, with or without SIG, `RTMIN+3`, `RTMAX-1`, or a number from 0, which
  /// only asks whether the process is there, to 64. No text at all is TERM, as in runc.
  package static func number(_ text: String) throws(UsageError) -> CInt {
    if text.isEmpty { return `default` }
    if let number = parseDecimal(text, upTo: UInt64(lastRealTime)) { return CInt(number) }
    if let number = named(text) { return number }
    throw UsageError("unknown signal \(quoted(text))")
  }

  private static func named(_ text: String) -> CInt? {
    var name = text.uppercased()[...]
    // Some letters beyond ASCII have a capital within it.
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    if name.hasPrefix("SIG") { name = name.dropFirst(3) }
    switch name {
    case "CLD": return 17
    case "IOT": return 6
    case "POLL": return 29
    case "RTMIN": return firstRealTime
    case "RTMAX": return lastRealTime
    case _ where name.hasPrefix("RTMIN+"): return offset(name).map { firstRealTime + $0 }
    case _ where name.hasPrefix("RTMAX-"): return offset(name).map { lastRealTime - $0 }
    default: return names.firstIndex { $0 == name }.map { CInt($0) + 1 }
    }
  }

  private static func offset(_ name: Substring) -> CInt? {
    parseDecimal(name.dropFirst(6), upTo: UInt64(lastRealTime - firstRealTime)).map { CInt($0) }
  }
}
