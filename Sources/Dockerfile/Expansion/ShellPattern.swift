/// The pattern of `${NAME#…}`, `${NAME%…}` and `${NAME/…/…}`: `*` and `?`, neither of which matches a line feed.
struct ShellPattern {
  private enum Token: Equatable {
    case scalar(Unicode.Scalar)
    case any
    /// Any number of any.
    case star
  }

  private var tokens: [Token] = []

  private init(tokens: [Token]) { self.tokens = tokens }

  /// - Parameter text: a backslash takes `*`, `?` and itself as they are, and may stand in front of `}` and `/`.
  init(_ text: ArraySlice<Unicode.Scalar>) throws(ExpansionRun.Failure) {
    var rest = text
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*": if tokens.last != .star { tokens.append(.star) }
      case "?": tokens.append(.any)
      case "\\":
        guard let escaped = rest.popFirst(), "*?\\}/".unicodeScalars.contains(escaped) else {
          throw ExpansionRun.Failure(reason: "expected *, ?, \\, / or } after \\ in the pattern")
        }
        tokens.append(.scalar(escaped))
      default: tokens.append(.scalar(scalar))
      }
    }
  }

  var reversed: ShellPattern { ShellPattern(tokens: tokens.reversed()) }

  /// How much of the beginning matches; nil when none does.
  func prefix(of text: [Unicode.Scalar], longest: Bool) throws(ExpansionRun.Failure) -> Int? {
    try checkEffort(text.count)
    var states = Matching(tokens)
    states.start(at: 0)
    var found: Int?
    for position in 0...text.count {
      if states.accepted != nil { found = position }
      if states.isEmpty || position == text.count || found != nil && !longest { break }
      states.step(text[position])
    }
    return found
  }

  /// Leftmost matches, each as long as it can be.
  func matches(in text: [Unicode.Scalar], all: Bool) throws(ExpansionRun.Failure) -> [Range<Int>] {
    try checkEffort(text.count)
    var effort = 0
    var found: [Range<Int>] = []
    var from = 0
    while from <= text.count {
      guard let match = first(in: text, from: from, &effort) else { break }
      // Nothing right after a match is no second one.
      if !match.isEmpty || match.lowerBound != found.last?.upperBound { found.append(match) }
      guard all else { break }
      from = match.isEmpty ? match.upperBound + 1 : match.upperBound
      try checkEffort(effort)
    }
    return found
  }

  private func first(in text: [Unicode.Scalar], from: Int, _ effort: inout Int) -> Range<Int>? {
    var states = Matching(tokens)
    var best: Range<Int>?
    for position in from...text.count {
      effort += 1
      if best == nil { states.start(at: position) }
      if let start = states.accepted, start <= best?.lowerBound ?? start { best = start..<position }
      if let best { states.drop(after: best.lowerBound) }
      if best != nil && states.isEmpty || position == text.count { break }
      states.step(text[position])
    }
    return best
  }

  /// Every character is held against every part of the pattern once, at worst.
  private func checkEffort(_ count: Int) throws(ExpansionRun.Failure) {
    guard (tokens.count + 1).multipliedReportingOverflow(by: count).partialValue <= 1 << 26 else {
      throw ExpansionRun.Failure(reason: "a pattern of \(tokens.count) for a text of \(count) characters is too much")
    }
  }

  /// All ways at once in which the text so far may match, with where each began, the leftmost one for each.
  private struct Matching {
    private let tokens: [Token]
    /// By how many tokens are done.
    private var starts: [Int?]
    private var before: [Int?]
    private var count = 0

    init(_ tokens: [Token]) {
      self.tokens = tokens
      starts = Array(repeating: nil, count: tokens.count + 1)
      before = starts
    }

    var accepted: Int? { starts[tokens.count] }
    var isEmpty: Bool { count == 0 }

    mutating func start(at position: Int) { enter(0, from: position) }

    /// A star may match nothing.
    private mutating func enter(_ state: Int, from start: Int) {
      var state = state
      while true {
        if let known = starts[state] {
          if known <= start { return }
        } else {
          count += 1
        }
        starts[state] = start
        guard state < tokens.count, tokens[state] == .star else { return }
        state += 1
      }
    }

    mutating func step(_ scalar: Unicode.Scalar) {
      swap(&before, &starts)
      count = 0
      for state in starts.indices { starts[state] = nil }
      for state in tokens.indices {
        guard let start = before[state] else { continue }
        switch tokens[state] {
        case .scalar(let wanted): if scalar == wanted { enter(state + 1, from: start) }
        case .any: if scalar != "\n" { enter(state + 1, from: start) }
        case .star: if scalar != "\n" { enter(state, from: start) }
        }
      }
    }

    /// Ways that began later than this one are worse.
    mutating func drop(after best: Int) {
      for (state, start) in starts.enumerated() {
        if let start, start > best {
          starts[state] = nil
          count -= 1
        }
      }
    }
  }
}
