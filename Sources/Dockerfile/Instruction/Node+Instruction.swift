internal import OCI

extension Node {
  /// What the instruction means.
  ///
  /// - Throws: for flags and arguments that it does not take.
  func instruction(_ keyword: Keyword) throws(DockerfileError) -> Instruction {
    // JSON can write one; no argument and no path can have it.
    if let word = arguments.first(where: { $0.text.utf8.contains(0) }) { throw error("a NUL in an argument", at: word) }
    var instruction = Instruction(try operation(keyword), place: place, text: text)
    instruction.comments = comments
    return instruction
  }

  private func operation(_ keyword: Keyword) throws(DockerfileError) -> Instruction.Operation {
    switch keyword {
    case .run: return .run(try runStep())
    case .copy: return .copy(try copyStep())
    case .add: return .add(try addStep())
    case .healthcheck: return .healthcheck(try healthcheck())
    case .from: throw error("FROM cannot stand here: it begins a stage of a Dockerfile")
    default: break
    }
    // None of the others has a flag.
    _ = try FlagValues(of: self, [:])
    switch keyword {
    case .env: return .environment(try pairs())
    case .label: return .label(try pairs())
    case .arg: return .argument(try declarations())
    // In order, as they are in an image's history.
    case .expose: return .expose(try texts().sorted())
    case .volume: return .volume(try volumes())
    case .user: return .user(try single())
    case .workdir: return .workingDirectory(try single())
    case .stopsignal: return .stopSignal(try single())
    case .maintainer: return .maintainer(try single())
    case .cmd: return .command(try commandLine())
    case .entrypoint: return .entrypoint(try commandLine())
    case .shell:
      guard isJSON, !arguments.isEmpty else {
        throw error("SHELL takes a JSON array with the shell and its options, such as SHELL [\"/bin/sh\", \"-c\"]")
      }
      return .shell(arguments.map(\.text))
    default: return .onBuild(try triggerText())
    }
  }

  private var name: String { keyword.text.uppercased() }

  private func texts() throws(DockerfileError) -> [String] {
    guard !arguments.isEmpty else { throw error("\(name) takes at least one argument, found none") }
    return arguments.map(\.text)
  }

  private func single() throws(DockerfileError) -> String {
    guard let argument = arguments.first else { throw error("\(name) takes one argument, found none") }
    return argument.text
  }

  /// Nothing at all is not the same as `[]`, which takes away what the base image has.
  func commandLine() throws(DockerfileError) -> CommandLine {
    if isJSON { return .arguments(arguments.map(\.text)) }
    guard let text = arguments.first else { throw error("\(name) takes a command, found nothing") }
    return .shell(text.text)
  }

  private func pairs() throws(DockerfileError) -> [KeyValue] {
    guard !arguments.isEmpty else { throw error("\(name) takes KEY=VALUE, found nothing") }
    var pairs: [KeyValue] = []
    for first in stride(from: 0, to: arguments.count - 2, by: 3) {
      guard !arguments[first].text.isEmpty else { throw error("expected a name before =", at: arguments[first]) }
      var pair = KeyValue(arguments[first].text, arguments[first + 1].text)
      pair.isLegacy = arguments[first + 2].text.isEmpty
      pairs.append(pair)
    }
    return pairs
  }

  private func declarations() throws(DockerfileError) -> [ArgumentDeclaration] {
    guard !arguments.isEmpty else { throw error("ARG takes NAME or NAME=DEFAULT, found nothing") }
    var declarations: [ArgumentDeclaration] = []
    for word in arguments {
      let parts = word.text.cut(at: "=")
      guard parts?.before.isEmpty != true else { throw error("expected a name before =", at: word) }
      declarations.append(ArgumentDeclaration(parts?.before ?? word.text, parts?.after))
    }
    return declarations
  }

  private func volumes() throws(DockerfileError) -> [String] {
    let paths = try texts().map(\.trimmed)
    guard !paths.contains("") else { throw error("expected a path for VOLUME, found an empty one") }
    return paths
  }

  /// The trigger as an image's configuration has it, with its heredocs.
  private func triggerText() throws(DockerfileError) -> String {
    guard let trigger = trigger.first else { throw error("ONBUILD takes an instruction, found nothing") }
    let keyword = try trigger.knownKeyword()
    guard keyword != .from, keyword != .maintainer else {
      throw error("\(keyword.name) cannot be an ONBUILD trigger", at: trigger.keyword)
    }
    _ = try trigger.operation(keyword)
    return ([trigger.text] + heredocs.map { $0.content + $0.name }).joined(separator: "\n")
  }
}
