internal import OCI

extension Dockerfile {
  func checkStages(_ context: CheckContext, _ list: inout WarningList) {
    let globals = globals(context.platformArguments, context.arguments).values
    let expander = Expander(escape: directives.escape)
    var done: [String: StageScope] = [:]
    for stage in stages {
      let base = (try? expander.expand(stage.base) { globals[$0] }.text) ?? stage.base
      var scope = StageScope(
        base: base, inherited: done[base], context: context, globals: globals, escape: directives.escape)
      for instruction in stage.instructions { scope.check(instruction, &list) }
      if let name = stage.name { done[name] = scope }
    }
  }
}

extension StageScope {
  /// One instruction's checks, and what it leaves for the next.
  mutating func check(_ instruction: Instruction, _ list: inout WarningList) {
    reportUndefined(instruction, &list)
    switch instruction.operation {
    case .maintainer: list.add(.maintainerDeprecated, "LABEL says who made an image", instruction)
    case .environment(let pairs):
      checkForm("ENV", pairs, instruction, &list)
      for pair in pairs { checkSecret("ENV", pair.key, instruction, &list) }
    case .label(let pairs): checkForm("LABEL", pairs, instruction, &list)
    case .argument(let declarations):
      for declaration in declarations { checkSecret("ARG", declaration.name, instruction, &list) }
    case .shell: hasShell = true
    case .command(let command):
      checkOnce("CMD", instruction, &list)
      checkArray("CMD", command, instruction, &list)
    case .entrypoint(let command):
      checkOnce("ENTRYPOINT", instruction, &list)
      checkArray("ENTRYPOINT", command, instruction, &list)
    case .healthcheck: checkOnce("HEALTHCHECK", instruction, &list)
    case .workingDirectory(let text):
      let path = expanded(text)
      if !hasWorkingDirectory, path.utf8.first != UInt8(ascii: "/") {
        list.add(.workdirRelativePath, "\(path.quotedForMessage()) is below whatever the base image has", instruction)
      }
      hasWorkingDirectory = true
    case .expose(let words): checkPorts(words, instruction, &list)
    case .copy(let step): if step.from == nil { checkIgnored("COPY", step.sources, instruction, &list) }
    case .add(let step): checkIgnored("ADD", step.copy.sources, instruction, &list)
    case .run, .user, .volume, .stopSignal, .onBuild: break
    }
    apply(instruction)
  }

  private func checkForm(
    _ keyword: String, _ pairs: [KeyValue], _ instruction: Instruction, _ list: inout WarningList
  ) {
    guard let pair = pairs.first(where: \.isLegacy) else { return }
    list.add(.legacyKeyValueFormat, "\(keyword) \("\(pair.key)=…".quotedForMessage()) says it with =", instruction)
  }

  /// A word of the name says it, and no other word says that it is harmless.
  private func checkSecret(_ keyword: String, _ name: String, _ instruction: Instruction, _ list: inout WarningList) {
    let secret: Set = [
      "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token",
    ]
    let words = Set(name.lowercased().split(separator: "_").map(String.init))
    guard !words.isDisjoint(with: secret), words.isDisjoint(with: ["public", "file", "version"]) else { return }
    list.add(
      .secretsUsedInArgOrEnv,
      "\(keyword) \(name.quotedForMessage()) sounds like a secret; RUN --mount=type=secret keeps one", instruction)
  }

  /// It is the earlier one that does nothing.
  private mutating func checkOnce(_ keyword: String, _ instruction: Instruction, _ list: inout WarningList) {
    if let earlier = onlyLast.updateValue(instruction, forKey: keyword) {
      list.add(.multipleInstructionsDisallowed, "a later \(keyword) of this stage takes its place", earlier)
    }
  }

  private func checkArray(
    _ keyword: String, _ command: CommandLine, _ instruction: Instruction, _ list: inout WarningList
  ) {
    // Whoever chooses the shell means it.
    guard case .shell = command, !hasShell else { return }
    list.add(.jsonArgsRecommended, "\(keyword) [\"…\"] runs without a shell, and gets the signals", instruction)
  }

  private func checkPorts(_ words: [String], _ instruction: Instruction, _ list: inout WarningList) {
    for word in words {
      for text in (try? expander.words(word) { environment[$0] }) ?? [] {
        guard let port = try? PortSpecification(parsing: text) else { continue }
        let quoted = text.quotedForMessage()
        if !port.isInLowerCase {
          list.add(.exposeProtoCasing, "the protocol in \(quoted) is not in lower case", instruction)
        }
        if port.hasHostPart {
          list.add(
            .exposeInvalidFormat, "\(quoted) has an address or a port of the host, which run -p takes",
            instruction)
        }
      }
    }
  }

  /// With exceptions among the patterns, a directory that is left out may still have files that are not.
  private func checkIgnored(
    _ keyword: String, _ sources: [String], _ instruction: Instruction, _ list: inout WarningList
  ) {
    guard let ignore = context.ignore, !ignore.hasExceptions else { return }
    for source in sources.map(expanded) where !Self.isRemote(source) {
      var path = source.cleanedPath
      if path.utf8.first == UInt8(ascii: "/") { path.unicodeScalars.removeFirst() }
      let isIgnored = path.isEmpty || path == "." ? ignore.ignoresEverything : ignore.ignores(path)
      guard isIgnored else { continue }
      list.add(.copyIgnoredFile, "\(keyword) \(source.quotedForMessage()): the ignore file leaves it out", instruction)
    }
  }

  private static func isRemote(_ source: String) -> Bool {
    ["http://", "https://", "git://", "ssh://", "git@", "github.com/"].contains { source.hasPrefix($0) }
  }
}

extension IgnorePatterns {
  fileprivate var ignoresEverything: Bool { rules.contains { ["*", "**", "**/*"].contains($0.pattern.text) } }
}
