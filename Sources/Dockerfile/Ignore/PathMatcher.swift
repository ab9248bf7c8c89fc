/// Holds paths against a pattern, in time that grows with the product of both lengths and no faster: it follows all ways
/// to match at once.
struct PathMatcher: Sendable, Equatable {
  struct Result {
    var isMatch = false
    /// The path up to one of its slashes matches.
    var hasMatchingParent = false
    /// What this path is the beginning of may match, after a slash.
    var canMatchBelow = false
  }

  private enum Step: Sendable, Equatable {
    case one(PathToken)
    /// Any number of characters within a name.
    case withinName
    /// Nothing, or anything that ends with a slash.
    case directories
    /// Anything.
    case anything
  }

  private var steps: [Step] = []

  init(sources tokens: [PathToken]) {
    for token in tokens { append(token == .star ? .withinName : .one(token)) }
  }

  /// `**` and `**/` are any directories; at the end they are anything. As moby has it, `**NAME` without any other
  /// wildcard is the end of any path, also within a name.
  init(anyDepth tokens: [PathToken]) {
    let slash = PathToken.scalar("/")
    if tokens.starts(with: [.star, .star]), tokens.count > 2, tokens[2] != slash,
      tokens.dropFirst(2).allSatisfy({ if case .scalar = $0 { true } else { false } })
    {
      append(.anything)
      for token in tokens.dropFirst(2) { append(.one(token)) }
      return
    }
    var rest = tokens[...]
    while let token = rest.popFirst() {
      guard token == .star else {
        append(.one(token))
        continue
      }
      guard rest.first == .star else {
        append(.withinName)
        continue
      }
      rest.removeFirst()
      if rest.first == slash { rest.removeFirst() }
      append(rest.isEmpty ? .anything : .directories)
    }
  }

  /// The same twice in a row is no more than once, but for single characters.
  private mutating func append(_ step: Step) {
    if case .one = step {} else if steps.last == step { return }
    steps.append(step)
  }

  func run(_ path: [Unicode.Scalar]) -> Result {
    var result = Result()
    var states = States(steps)
    for scalar in path {
      if scalar == "/", states.isAccepting { result.hasMatchingParent = true }
      states.advance(scalar)
      if states.isEmpty { return result }
    }
    result.isMatch = states.isAccepting
    states.advance("/")
    result.canMatchBelow = !states.isEmpty
    return result
  }

  /// How many steps may be done after the characters so far.
  private struct States {
    private let steps: [Step]
    private var live: [Int] = []
    /// Those that are inside of `directories`, which ends at slashes only.
    private var isLive: [Bool]

    init(_ steps: [Step]) {
      self.steps = steps
      isLive = Array(repeating: false, count: 2 * steps.count + 2)
      enter(0)
    }

    var isEmpty: Bool { live.isEmpty }
    var isAccepting: Bool { isLive[2 * steps.count] }

    /// A state is twice the number of steps that are done; odd in the middle of a directory's name.
    private mutating func enter(_ done: Int) {
      var done = done
      while insert(2 * done), done < steps.count {
        if case .one = steps[done] { return }
        done += 1
      }
    }

    private mutating func insert(_ state: Int) -> Bool {
      guard !isLive[state] else { return false }
      isLive[state] = true
      live.append(state)
      return true
    }

    mutating func advance(_ scalar: Unicode.Scalar) {
      let before = live
      for state in before { isLive[state] = false }
      live = []
      for state in before where state / 2 < steps.count {
        let done = state / 2
        switch steps[done] {
        case .one(let token): if token.matches(scalar) { enter(done + 1) }
        case .withinName: if scalar != "/" { enter(done) }
        case .anything: enter(done)
        case .directories: if scalar == "/" { enter(done) } else { _ = insert(state | 1) }
        }
      }
    }
  }
}

extension PathToken {
  fileprivate func matches(_ scalar: Unicode.Scalar) -> Bool {
    switch self {
    case .scalar(let wanted): scalar == wanted
    case .any: scalar != "/"
    case .star: false
    case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
    }
  }
}
