internal import OCI

extension Dockerfile {
  /// All that the checks have to say, in the order of lines. Those that `check=skip=…` names are left out; whether they
  /// fail a build is for `directives.checksAreErrors` to say.
  public func warnings(_ context: CheckContext = CheckContext()) -> [CheckWarning] {
    var list = WarningList(directives: directives)
    for line in emptyContinuations {
      list.add(.noEmptyContinuation, "a blank line inside of an instruction", SourceRange(line, line))
    }
    checkCasing(&list)
    checkStageNames(&list)
    checkDescriptions(&list)
    checkBases(context, &list)
    checkStages(context, &list)
    return list.sorted
  }
}

/// Warnings while they are collected.
struct WarningList {
  let directives: Directives
  private var warnings: [CheckWarning] = []

  init(directives: Directives) { self.directives = directives }

  mutating func add(_ check: Check, _ message: String, _ place: SourceRange, comments: [String] = []) {
    guard accepts(check, comments: comments) else { return }
    let warning = CheckWarning(check, message, place)
    // The same variable may be undefined in several words of one instruction.
    if !warnings.suffix(Self.recent).contains(warning) { warnings.append(warning) }
  }

  private static let recent = 16
  /// Nobody reads more, and some cost a search.
  private static let most = 1000

  /// Whether a warning would be kept: to be asked before its text costs much.
  func accepts(_ check: Check, comments: [String]) -> Bool {
    warnings.count < Self.most && directives.wants(check, comments: comments)
  }

  /// `; did you mean NAME?`, or nothing.
  static func hint(_ name: String, among names: some Collection<String>, prefix: String = "") -> String {
    // Nobody has more, and a search among a hundred thousand takes its time.
    guard names.count <= Self.most, let near = nearest(to: name, among: names.sorted()) else { return "" }
    return "; did you mean \(prefix)\(near)?"
  }

  mutating func add(_ check: Check, _ message: String, _ stage: Stage) {
    add(check, message, stage.place, comments: stage.comments)
  }

  mutating func add(_ check: Check, _ message: String, _ instruction: Instruction) {
    add(check, message, instruction.place, comments: instruction.comments)
  }

  var sorted: [CheckWarning] {
    // The sort keeps the order of equals only if the order is a part of what is compared.
    warnings.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
  }
}
