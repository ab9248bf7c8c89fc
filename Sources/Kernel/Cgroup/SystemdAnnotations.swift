extension SystemdProperties {
  /// Adds what annotations `org.systemd.property.NAME` ask for, in the order of their names.
  ///
  /// - Throws: a refusal that names the annotation, of a name that is none and of a value that cannot be read.
  mutating func add(annotations: [String: String]) throws(SystemError) {
    let prefix = "org.systemd.property."
    for (key, text) in annotations.sorted(by: { $0.key < $1.key }) where key.hasPrefix(prefix) {
      let name = String(key.dropFirst(prefix.count))
      // As runc: capital first, letters only, three at least.
      guard name.utf8.count >= 3, name.utf8.allSatisfy(Self.isLetter), let first = name.utf8.first, first < 0x61 else {
        throw SystemError.refusal("annotation \(key): \"\(name)\" is no name of a systemd property")
      }
      guard let value = Self.value(text) else {
        throw SystemError.refusal("annotation \(key): cannot read value \"\(text)\"")
      }
      // systemd's files have seconds where D-Bus has microseconds (and "USec" at the end).
      if name.hasSuffix("Sec"), !name.hasSuffix("USec") {
        guard let time = Self.microseconds(value) else {
          throw SystemError.refusal("annotation \(key): \"\(text)\" is no number of seconds")
        }
        add(name.dropLast(3) + "USec", .uint64(time))
      } else {
        add(name, value)
      }
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) }

  private static func microseconds(_ value: DBusValue) -> UInt64? {
    let seconds: UInt64? =
      switch value {
      case .int32(let number): UInt64(exactly: number)
      case .int64(let number): UInt64(exactly: number)
      case .uint32(let number): UInt64(number)
      case .uint64(let number): number
      default: nil
      }
    if case .double(let number) = value, number >= 0, number < 1e12 { return UInt64(number * 1_000_000) }
    guard let (time, overflow) = seconds?.multipliedReportingOverflow(by: 1_000_000), !overflow else { return nil }
    return time
  }

  /// GVariant's text for the types that properties of units have; a bare number is an int32.
  static func value(_ text: String) -> DBusValue? {
    if text == "true" || text == "false" { return .bool(text == "true") }
    let words = text.split(separator: " ")
    if words.count == 2 {
      switch words[0] {
      case "byte": return UInt8(words[1]).map { .byte($0) }
      case "int16": return Int16(words[1]).map { .int16($0) }
      case "uint16": return UInt16(words[1]).map { .uint16($0) }
      case "int32": return Int32(words[1]).map { .int32($0) }
      case "uint32": return UInt32(words[1]).map { .uint32($0) }
      case "int64": return Int64(words[1]).map { .int64($0) }
      case "uint64": return UInt64(words[1]).map { .uint64($0) }
      default: break
      }
    }
    if let number = Int32(text) { return .int32(number) }
    if text.utf8.contains(UInt8(ascii: ".")), let number = Double(text), number.isFinite { return .double(number) }
    guard let quote = text.first, quote == "'" || quote == "\"", text.count >= 2, text.last == quote else { return nil }
    let inner = text.dropFirst().dropLast()
    // Escapes are not read, so that nothing is read wrongly.
    return inner.contains(quote) || inner.contains("\\") ? nil : .string(String(inner))
  }
}
