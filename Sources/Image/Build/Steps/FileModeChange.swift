internal import Glibc

/// `--chmod`: an octal mode, or what chmod(1) takes.
struct FileModeChange: Sendable {
  let text: String
  private let clauses: [Clause]

  private enum Clause: Sendable {
    case all(UInt32)
    /// Of whom, how, and which bits; `X` are executable bits of directories, and of files that have one.
    case some(who: UInt32, operation: Character, bits: UInt32, conditional: Bool, copied: Character?)
  }

  /// - Throws: with what was expected.
  init(parsing text: String) throws(ImageError) {
    self.text = text
    if let first = text.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(first) {
      guard let mode = UInt32(text, radix: 8), mode <= 0o7777 else { throw Self.invalid(text) }
      clauses = [.all(mode)]
      return
    }
    var clauses: [Clause] = []
    for clause in text.split(separator: ",", omittingEmptySubsequences: false) {
      clauses += try Self.clauses(clause, text)
    }
    self.clauses = clauses
  }

  private static func invalid(_ text: String) -> ImageError {
    ImageError("--chmod=\(text): expected an octal mode such as 755, or one such as u=rwX,go=rX")
  }

  private static func clauses(_ text: Substring, _ whole: String) throws(ImageError) -> [Clause] {
    var rest = text
    var who: UInt32 = 0
    while let character = rest.first, let mask = ["u": 0o4700, "g": 0o2070, "o": 0o1007, "a": 0o7777][character] {
      who |= UInt32(mask)
      rest = rest.dropFirst()
    }
    if who == 0 { who = 0o7777 }
    var clauses: [Clause] = []
    while let operation = rest.first {
      guard "+-=".contains(operation) else { throw invalid(whole) }
      rest = rest.dropFirst()
      var (bits, conditional, copied): (UInt32, Bool, Character?) = (0, false, nil)
      while let character = rest.first, !"+-=".contains(character) {
        switch character {
        case "r": bits |= 0o444
        case "w": bits |= 0o222
        case "x": bits |= 0o111
        case "X": conditional = true
        case "s": bits |= 0o6000
        case "t": bits |= 0o1000
        case "u", "g", "o": copied = character
        default: throw invalid(whole)
        }
        rest = rest.dropFirst()
      }
      clauses.append(.some(who: who, operation: operation, bits: bits, conditional: conditional, copied: copied))
    }
    guard !clauses.isEmpty else { throw invalid(whole) }
    return clauses
  }

  /// What it is for every file.
  var octal: UInt32? {
    if case .all(let mode)? = clauses.first { mode } else { nil }
  }

  /// The mode of a file that had another one.
  func mode(of old: UInt32, isDirectory: Bool) -> UInt32 {
    var mode = old & 0o7777
    for clause in clauses {
      switch clause {
      case .all(let new): mode = new
      case .some(let who, let operation, let bits, let conditional, let copied):
        var wanted = bits
        if conditional, isDirectory || mode & 0o111 != 0 { wanted |= 0o111 }
        if let copied {
          let shift: UInt32 = copied == "u" ? 6 : copied == "g" ? 3 : 0
          wanted |= (mode >> shift & 7) * 0o111
        }
        wanted &= who
        switch operation {
        case "+": mode |= wanted
        case "-": mode &= ~wanted
        default: mode = mode & ~who | wanted
        }
      }
    }
    return mode
  }
}
