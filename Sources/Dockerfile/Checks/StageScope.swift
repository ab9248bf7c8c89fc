internal import OCI

/// What a stage has at one of its instructions, as far as it can be known without a build.
struct StageScope {
  let context: CheckContext
  let globals: [String: String]
  let expander: Expander
  private(set) var environment: [String: String]
  /// All arguments that are declared, those without a value as well.
  private var declared: Set<String> = []
  /// What the base image sets is known.
  private let isComplete: Bool
  var hasWorkingDirectory = false
  var hasShell = false
  /// The last of each instruction that only counts once.
  var onlyLast: [String: Instruction] = [:]

  init(
    base: String, inherited: StageScope?, context: CheckContext, globals: [String: String], escape: Character
  ) {
    (self.context, self.globals) = (context, globals)
    expander = Expander(escape: escape)
    if let inherited {
      environment = inherited.environment
      declared = inherited.declared
      isComplete = inherited.isComplete
      (hasWorkingDirectory, hasShell) = (inherited.hasWorkingDirectory, inherited.hasShell)
    } else {
      // Even the empty image has a search path.
      let known = base == "scratch" ? [:] : context.environments[base]
      environment = (known ?? [:]).merging(["PATH": ""]) { own, _ in own }
      isComplete = known != nil
    }
  }

  /// What an instruction leaves for the next ones.
  mutating func apply(_ instruction: Instruction) {
    switch instruction.operation {
    case .environment(let pairs):
      // All of them see what was before the instruction.
      let values = pairs.map { (expanded($0.key), expanded($0.value)) }
      for (key, value) in values { set(key, value) }
    case .argument(let declarations):
      for declaration in declarations {
        declared.insert(declaration.name)
        let value =
          context.arguments[declaration.name] ?? declaration.defaultValue.map(expanded)
          ?? globals[declaration.name]
        if let value { set(declaration.name, value) }
      }
    default: break
    }
  }

  /// `ENV A=$A$A` doubles a value, and a thousand of them would take all memory. No check looks this far.
  private mutating func set(_ name: String, _ value: String) {
    environment[name] = value.utf8.count <= Self.longest ? value : String(value.unicodeScalars.prefix(Self.longest))
  }

  private static let longest = 256

  func expanded(_ text: String) -> String {
    (try? expander.expand(text) { environment[$0] }.text) ?? text
  }

  func reportUndefined(_ instruction: Instruction, _ list: inout WarningList) {
    guard isComplete, list.accepts(.undefinedVar, comments: instruction.comments) else { return }
    var undefined: [String] = []
    for text in instruction.operation.expandedTexts(arguments: context.arguments) {
      undefined += (try? expander.expand(text) { environment[$0] }.undefined) ?? []
    }
    let content = Expander(options: .ignoresQuotes)
    for heredoc in instruction.operation.expandedHeredocs {
      undefined += (try? content.expand(heredoc.content) { environment[$0] }.undefined) ?? []
    }
    var reported: Set<String> = []
    for name in undefined where !declared.contains(name) && reported.insert(name).inserted {
      guard list.accepts(.undefinedVar, comments: instruction.comments) else { return }
      let hint = WarningList.hint(name, among: environment.keys, prefix: "$")
      list.add(.undefinedVar, "nothing sets \("$\(name)".quotedForMessage())\(hint)", instruction)
    }
  }
}

extension Instruction.Operation {
  /// The texts in which variables are replaced.
  fileprivate func expandedTexts(arguments: [String: String]) -> [String] {
    switch self {
    case .copy(let step): step.expandedTexts
    case .add(let step): step.copy.expandedTexts + [step.checksum].compactMap(\.self)
    case .environment(let pairs), .label(let pairs): pairs.flatMap { [$0.key, $0.value] }
    // A default does not count where a value is given.
    case .argument(let declarations): declarations.compactMap { arguments[$0.name] == nil ? $0.defaultValue : nil }
    case .user(let text), .workingDirectory(let text), .stopSignal(let text): [text]
    case .volume(let texts): texts
    case .run(let step): step.mounts.flatMap { mount in (try? CommaList.fields(mount.text)) ?? [] }
    case .expose, .shell, .command, .entrypoint, .healthcheck, .onBuild, .maintainer: []
    }
  }

  fileprivate var expandedHeredocs: [Heredoc] {
    switch self {
    case .copy(let step): step.heredocs.filter(\.isExpanded)
    case .add(let step): step.copy.heredocs.filter(\.isExpanded)
    default: []
    }
  }
}

extension CopyStep {
  fileprivate var expandedTexts: [String] { sources + [destination] + [owner, mode].compactMap(\.self) }
}
