internal import OCI

/// What a command line gave for the options of one table, and its positionals.
package struct OptionValues {
  /// The options that there are: asking for another one is a fault of the program.
  let options: [Option]
  /// The arguments that are no options, in their order.
  package private(set) var positionals: [String] = []
  private var given: [(name: String, value: String)] = []

  init(options: [Option]) { self.options = options }

  /// Whether the flag is set: the last of `--detach`, `--detach=false` wins.
  package func flag(_ name: String) -> Bool { last(name) == "true" }

  /// Whether the command has such an option at all.
  package func has(_ name: String) -> Bool { options.contains { $0.long == name } }

  /// Whether the option is on the line, with whatever value.
  package func isGiven(_ name: String) -> Bool {
    assertKnown(name)
    return given.contains { $0.name == name }
  }

  /// The last value, nil if there is none.
  package func value(_ name: String) -> String? { last(name) }

  /// All values of an option that may be repeated, in their order.
  package func values(_ name: String) -> [String] {
    assertKnown(name)
    return given.compactMap { $0.name == name ? $0.value : nil }
  }

  /// The last value of an option that takes a number, a size (in bytes) or a time (in nanoseconds).
  package func integer(_ name: String) -> Int? { last(name).flatMap { Int($0) } }

  /// All values of an option that takes a number and may be repeated.
  package func integers(_ name: String) -> [Int] { values(name).compactMap { Int($0) } }

  mutating func add(positional: String) { positionals.append(positional) }

  /// Takes a value as it was written, after checking that it is of the option's kind.
  mutating func add(_ option: Option, _ text: String) throws(UsageError) {
    let name = "--" + option.long
    switch option.value {
    case .flag:
      guard let value = parseBoolean(text) else { throw .expected("true or false", for: name, found: text) }
      given.append((option.long, value ? "true" : "false"))
    case .text:
      given.append((option.long, text))
    case .path:
      // A later empty value takes back an earlier one, as it does in runc.
      if text.isEmpty { given.removeAll { $0.name == option.long } } else { given.append((option.long, text)) }
    case .number(_, let bounds):
      try add(number: text, within: bounds, option)
    case .amount(_, let bounds):
      if text.isEmpty {
        given.removeAll { $0.name == option.long }
      } else {
        try add(number: text, within: bounds, option)
      }
    case .size:
      if text.isEmpty {
        given.removeAll { $0.name == option.long }
      } else if let size = ByteSize.parse(text) {
        given.append((option.long, "\(size)"))
      } else {
        throw .expected("a size such as 64M, or -1 for none", for: name, found: text)
      }
    case .duration:
      guard let nanoseconds = DurationText.nanoseconds(text) else {
        throw .expected("a time such as 5s or 1m30s", for: name, found: text)
      }
      given.append((option.long, "\(nanoseconds)"))
    case .choice(let words):
      guard words.contains(text) else { throw .expected(alternatives(words), for: name, found: text) }
      given.append((option.long, text))
    }
  }

  private mutating func add(
    number text: String, within bounds: ClosedRange<Int>, _ option: Option
  ) throws(UsageError) {
    guard let number = parseInteger(text), bounds.contains(number) else {
      throw .expected(
        "a number from \(bounds.lowerBound) to \(bounds.upperBound)", for: "--" + option.long, found: text)
    }
    given.append((option.long, "\(number)"))
  }

  private func last(_ name: String) -> String? {
    assertKnown(name)
    return given.last { $0.name == name }?.value
  }

  private func assertKnown(_ name: String) {
    assert(options.contains { $0.long == name }, "there is no option --\(name) in the table")
  }
}

/// A decimal number in its one spelling: digits only, no sign, no space, no leading zero, nothing above the bound.
package func parseDecimal(_ text: some StringProtocol, upTo bound: UInt64) -> UInt64? {
  var number: UInt64 = 0
  var digits = 0
  for byte in text.utf8 {
    guard UInt8(ascii: "0") <= byte, byte <= UInt8(ascii: "9") else { return nil }
    if digits > 0, number == 0 { return nil }
    let (tens, overflowed) = number.multipliedReportingOverflow(by: 10)
    let (sum, carried) = tens.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
    if overflowed || carried || sum > bound { return nil }
    number = sum
    digits += 1
  }
  return digits > 0 ? number : nil
}

/// As `parseDecimal`, with one sign for numbers below zero.
package func parseInteger(_ text: some StringProtocol) -> Int? {
  guard text.utf8.first == UInt8(ascii: "-") else {
    return parseDecimal(text, upTo: UInt64(Int.max)).flatMap { Int(exactly: $0) }
  }
  guard let number = parseDecimal(text.dropFirst(), upTo: UInt64(Int.max)), number > 0 else { return nil }
  return Int(exactly: number).map { -$0 }
}

/// The spellings that Go's strconv.ParseBool takes, which is what runc takes.
private func parseBoolean(_ text: String) -> Bool? {
  switch text {
  case "true", "True", "TRUE", "t", "T", "1": true
  case "false", "False", "FALSE", "f", "F", "0": false
  default: nil
  }
}

/// `a, b or c`.
package func alternatives(_ words: [String]) -> String {
  guard let last = words.last, words.count > 1 else { return words.first ?? "" }
  return words.dropLast().joined(separator: ", ") + " or " + last
}
