/// One thing that is wrong with a document, and where.
public struct Fault: Sendable, Equatable, CustomStringConvertible {
  /// Such as `linux.resources.memory.limit`, `process.args[2]` or `annotations["io.swiftcr.layers"]`; empty for the
  /// document as a whole.
  public let keyPath: String
  /// What is wrong and, where it helps, what was expected.
  public let reason: String

  public init(keyPath: String, reason: String) {
    self.keyPath = keyPath
    self.reason = reason
  }

  /// One line.
  public var description: String { keyPath.isEmpty ? reason : "\(keyPath): \(reason)" }
}

/// Everything that is wrong with a document: whoever wrote it can mend it in one go.
public struct SpecFaults: Error, Sendable, Equatable, CustomStringConvertible {
  /// Never empty, in the document's order: what could not be read first, then what makes no sense.
  public let faults: [Fault]

  /// More are counted, not shown.
  static let shown = 50

  public init(_ faults: [Fault]) {
    self.faults = faults
  }

  /// One line for each fault, the first fifty.
  public var lines: [String] {
    var lines = faults.prefix(Self.shown).map(\.description)
    if faults.count > Self.shown { lines.append("and \(faults.count - Self.shown) more faults") }
    return lines
  }

  /// All of it on one line.
  public var description: String { lines.joined(separator: "; ") }
}

/// A text of the outside for a message: in quotation marks, on one line, no longer than a message can bear, and
/// without what a terminal would act upon (control characters, a change of the writing's direction).
func quoted(_ text: String, limit: Int = 80) -> String {
  let scalars = text.unicodeScalars
  var shown = "\""
  for scalar in scalars.prefix(limit) {
    switch scalar.value {
    case 0x22, 0x5C: shown += "\\\(scalar)"
    case 0x0A: shown += "\\n"
    case 0x09: shown += "\\t"
    case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200B..<0x2010, 0x2028..<0x202F, 0x2066..<0x206A, 0xFEFF:
      let digits = String(scalar.value, radix: 16)
      shown += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    default: shown.unicodeScalars.append(scalar)
    }
  }
  return shown + (scalars.dropFirst(limit).isEmpty ? "\"" : "\"...")
}

extension String {
  /// This text for a message of another module; see `quoted`.
  package func quotedForMessage(limit: Int = 80) -> String { quoted(self, limit: limit) }
}
