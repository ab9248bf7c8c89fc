/// A part of a pattern as it is written.
enum PathToken: Sendable, Equatable {
  case scalar(Unicode.Scalar)
  case any
  case star
  case oneOf([ClosedRange<Unicode.Scalar>], isNegated: Bool)

  struct Failure: Error { var reason: String }

  static func parse(_ text: [Unicode.Scalar]) throws(Failure) -> [PathToken] {
    var rest = text[...]
    var tokens: [PathToken] = []
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": tokens.append(.star)
      case "?": tokens.append(.any)
      case "[": tokens.append(try choice(&rest))
      case "\\":
        guard let escaped = rest.popFirst() else { throw Failure(reason: "nothing after \\") }
        tokens.append(.scalar(escaped))
      default: tokens.append(.scalar(scalar))
      }
    }
    return tokens
  }

  /// What follows `[`.
  private static func choice(_ rest: inout ArraySlice<Unicode.Scalar>) throws(Failure) -> PathToken {
    let isNegated = rest.first == "^"
    if isNegated { rest.removeFirst() }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    while rest.first != "]" || ranges.isEmpty {
      let low = try bound(&rest)
      guard rest.first == "-" else {
        ranges.append(low...low)
        continue
      }
      rest.removeFirst()
      let high = try bound(&rest)
      guard low <= high else { throw Failure(reason: "a range in [ ] is backwards") }
      ranges.append(low...high)
    }
    rest.removeFirst()
    return .oneOf(ranges, isNegated: isNegated)
  }

  private static func bound(_ rest: inout ArraySlice<Unicode.Scalar>) throws(Failure) -> Unicode.Scalar {
    guard var scalar = rest.popFirst() else { throw Failure(reason: "a [ without its ]") }
    if scalar == "-" || scalar == "]" { throw Failure(reason: "\(scalar) in [ ] needs a \\ in front of it") }
    if scalar == "\\" {
      guard let escaped = rest.popFirst() else { throw Failure(reason: "nothing after \\") }
      scalar = escaped
    }
    return scalar
  }
}
