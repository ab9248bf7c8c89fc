/// Turns JSON into the model and notes every fault with its key path instead of stopping at the first.
///
/// What Go's decoder does is kept where producers rely on it: `null` is absence, names that are not known are ignored.
/// A NUL byte is a fault in every text: all of them become C strings, which would end there unseen.
struct SpecDecoder {
  private enum Step {
    case key(String)
    case entry(String)
    case index(Int)
  }

  private(set) var faults: [Fault] = []
  private var path: [Step] = []

  // MARK: Faults

  mutating func fault(_ reason: String) {
    if faults.count < Validator.mostFaults { faults.append(Fault(keyPath: keyPath, reason: reason)) }
  }

  private var keyPath: String {
    var text = ""
    for step in path {
      switch step {
      case .key(let key): text += text.isEmpty ? key : ".\(key)"
      case .entry(let key): text += "[\(quoted(key))]"
      case .index(let index): text += "[\(index)]"
      }
    }
    return text
  }

  private mutating func mismatch(_ expected: String, _ json: JSON) {
    let found =
      switch json {
      case .null: "null"
      case .bool(let flag): flag ? "true" : "false"
      case .integer(let value): value.description
      case .unsigned(let value): value.description
      case .number(let value): value.description
      case .string(let text): quoted(text)
      case .array: "an array"
      case .object: "an object"
      }
    fault("expected \(expected), found \(found)")
  }

  // MARK: Objects and arrays

  /// Calls the body with each member that is not null, the path being at it.
  mutating func members(_ json: JSON, _ body: (inout SpecDecoder, String, JSON) -> Void) {
    guard case .object(let members) = json else { return mismatch("an object", json) }
    for member in members where member.value != .null {
      path.append(.key(member.key))
      body(&self, member.key, member.value)
      path.removeLast()
    }
  }

  /// An object whose names are the document's own.
  mutating func map<Value>(_ json: JSON, _ value: (inout SpecDecoder, JSON) -> Value?) -> [String: Value] {
    guard case .object(let members) = json else {
      mismatch("an object", json)
      return [:]
    }
    var map: [String: Value] = [:]
    map.reserveCapacity(members.count)
    for member in members where member.value != .null {
      path.append(.entry(member.key))
      if member.key.hasNUL { fault("a NUL byte in the name") }
      if let value = value(&self, member.value) { map[member.key] = value }
      path.removeLast()
    }
    return map
  }

  mutating func list<Element>(_ json: JSON, _ element: (inout SpecDecoder, JSON) -> Element?) -> [Element] {
    guard case .array(let elements) = json else {
      mismatch("an array", json)
      return []
    }
    var list: [Element] = []
    list.reserveCapacity(elements.count)
    for index in elements.indices {
      path.append(.index(index))
      if let element = element(&self, elements[index]) { list.append(element) }
      path.removeLast()
    }
    return list
  }

  /// Faults for the members that an object must have and has not.
  mutating func require(_ keys: [String], in json: JSON) {
    guard case .object = json else { return }
    for key in keys where json[key] == nil || json[key] == .null {
      path.append(.key(key))
      fault("required")
      path.removeLast()
    }
  }

  // MARK: Scalars

  mutating func bool(_ json: JSON) -> Bool? {
    guard case .bool(let flag) = json else {
      mismatch("true or false", json)
      return nil
    }
    return flag
  }

  /// An integer, also when written as `1e3` or `2.0`.
  mutating func integer<Value: FixedWidthInteger>(_ json: JSON) -> Value? {
    let value: Value?
    switch json {
    case .integer(let number): value = Value(exactly: number)
    case .unsigned(let number): value = Value(exactly: number)
    // -2^63 itself is an `integer`: as a Double it stands for smaller numbers, rounded.
    case .number(let number) where number.rounded() == number:
      value = number > -0x1p63 ? Value(exactly: number) : nil
    default:
      mismatch("an integer", json)
      return nil
    }
    if value == nil { mismatch("an integer from \(Value.min) to \(Value.max)", json) }
    return value
  }

  mutating func string(_ json: JSON) -> String? {
    guard case .string(let text) = json else {
      mismatch("a string", json)
      return nil
    }
    if text.hasNUL { fault("a NUL byte in \(quoted(text))") }
    return text
  }

  /// A text that means nothing when it is empty, as Go's `omitempty` has it.
  mutating func text(_ json: JSON) -> String? {
    guard let text = string(json), !text.isEmpty else { return nil }
    return text
  }

  /// An array of strings; one that is none leaves an empty string, so that the others keep their places.
  mutating func strings(_ json: JSON) -> [String] {
    list(json) { $0.string($1) ?? "" }
  }

  /// A string out of a list of names.
  mutating func name(_ json: JSON, _ what: String, among names: [String]) -> String? {
    guard let name = string(json) else { return nil }
    // The list's own spelling: Swift's comparison takes a Kelvin sign for a K, the kernel does not.
    if let known = names.first(where: { $0 == name }) { return known }
    // A long list would drown the message.
    let choice = names.count <= 10 ? ": expected one of \(names.joined(separator: ", "))" : ""
    fault("unknown \(what) \(quoted(name))\(choice)")
    return nil
  }

  mutating func names(_ json: JSON, _ what: String, among names: [String]) -> [String] {
    list(json) { $0.name($1, what, among: names) ?? "" }
  }

  // MARK: Documents

  /// Parses and decodes one document, then asks `validate` for what makes no sense in it.
  static func load<Value>(
    _ bytes: [UInt8], limit: Int, _ decode: (inout SpecDecoder, JSON) -> Value, _ validate: (Value, [Fault]) -> [Fault]
  ) throws(SpecFaults) -> Value {
    let json: JSON
    do {
      json = try JSON.parse(bytes, limit: limit)
    } catch {
      throw SpecFaults([Fault(keyPath: "", reason: "not valid JSON: \(error)")])
    }
    var decoder = SpecDecoder()
    let value = decode(&decoder, json)
    var faults = decoder.faults
    // What could not be read has a fault already; that it is missing or empty now is no news.
    let unread = faults
    for fault in validate(value, unread) where !unread.contains(where: { fault.isWithin($0) }) { faults.append(fault) }
    guard faults.isEmpty else { throw SpecFaults(faults) }
    return value
  }
}

extension Fault {
  /// Whether this is at another fault's place, or below it.
  fileprivate func isWithin(_ other: Fault) -> Bool {
    guard keyPath.utf8.starts(with: other.keyPath.utf8) else { return false }
    guard !other.keyPath.isEmpty, let next = keyPath.utf8.dropFirst(other.keyPath.utf8.count).first else { return true }
    return next == UInt8(ascii: ".") || next == UInt8(ascii: "[")
  }
}

extension String {
  /// Over the storage itself: a view's own `contains` takes ten times as long.
  var hasNUL: Bool { utf8.withContiguousStorageIfAvailable { $0.contains(0) } ?? utf8.contains(0) }
}
