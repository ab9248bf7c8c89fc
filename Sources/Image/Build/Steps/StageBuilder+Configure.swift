internal import Dockerfile
internal import OCI

/// The instructions that change the configuration and no file.
extension StageBuilder {
  /// - Returns: the line of the history, in BuildKit's form.
  func configure(_ instruction: Instruction) throws -> String {
    switch instruction.operation {
    case .environment(let pairs): return "ENV " + (try setEnvironment(pairs)).joined(separator: " ")
    case .label(let pairs): return "LABEL " + (try setLabels(pairs)).joined(separator: " ")
    case .argument(let declarations): return "ARG " + (try declare(declarations)).joined(separator: " ")
    case .expose(let ports): return "EXPOSE \(Self.list(try expose(ports)))"
    case .user(let text):
      let user = try expand(text)
      state.config.defaults.user = user
      return "USER \(user)"
    case .volume(let places):
      let volumes = try places.map { try expand($0) }
      guard volumes.allSatisfy({ !$0.isEmpty }) else {
        throw BuildFailure("VOLUME specified can not be an empty string")
      }
      state.config.defaults.volumes = Set(state.config.defaults.volumes + volumes).sorted()
      return "VOLUME \(Self.list(volumes))"
    case .stopSignal(let text):
      let signal = try expand(text)
      state.config.defaults.stopSignal = signal
      return "STOPSIGNAL \(signal)"
    case .shell(let words):
      state.config.defaults.shell = words
      return "SHELL \(Self.list(words))"
    case .command(let line):
      let words = arguments(line)
      state.config.defaults.cmd = words
      setsCommand = true
      return "CMD \(Self.quotedList(words))"
    case .entrypoint(let line):
      let words = arguments(line)
      state.config.defaults.entrypoint = words
      // The base's command was for the base's entrypoint.
      if !setsCommand { state.config.defaults.cmd = nil }
      return "ENTRYPOINT \(Self.quotedList(words))"
    case .healthcheck(let check): return setHealthcheck(check)
    case .onBuild(let text):
      state.config.defaults.onBuild.append(text)
      return "ONBUILD \(text)"
    case .maintainer(let name):
      state.config.author = name
      return "MAINTAINER \(name)"
    case .run, .copy, .add, .workingDirectory: return ""
    }
  }

  /// The shell of the text form: the image's, or docker's default.
  var shell: [String] { state.config.defaults.shell ?? ["/bin/sh", "-c"] }

  func arguments(_ line: CommandLine) -> [String] {
    switch line {
    case .arguments(let words): words
    case .shell(let text): shell + [text]
    }
  }

  /// All values are of before the instruction.
  private func setEnvironment(_ pairs: [KeyValue]) throws -> [String] {
    var set: [(String, String)] = []
    for pair in pairs {
      let key = try expand(pair.key)
      guard !key.isEmpty else { throw BuildFailure("ENV names can not be blank") }
      set.append((key, try expand(pair.value)))
    }
    for (key, value) in set {
      let entry = "\(key)=\(value)"
      if let at = state.config.defaults.env.firstIndex(where: { $0.hasPrefix("\(key)=") }) {
        state.config.defaults.env[at] = entry
      } else {
        state.config.defaults.env.append(entry)
      }
    }
    variables.environment = state.config.defaults.env
    return set.map { "\($0.0)=\($0.1)" }
  }

  private func setLabels(_ pairs: [KeyValue]) throws -> [String] {
    var set: [String] = []
    for pair in pairs {
      let (key, value) = (try expand(pair.key), try expand(pair.value))
      guard !key.isEmpty else { throw BuildFailure("LABEL names can not be blank") }
      state.config.defaults.labels[key] = value
      set.append("\(key)=\(value)")
    }
    return set
  }

  private func declare(_ declarations: [ArgumentDeclaration]) throws -> [String] {
    var texts: [String] = []
    for declaration in declarations {
      let name = try expand(declaration.name)
      let value = try declaration.defaultValue.map { try expand($0) }
      variables.declare(name, value)
      let known = variables.arguments.last { $0.name == name }?.value
      texts.append(known.map { "\(name)=\($0)" } ?? name)
    }
    return texts
  }

  /// Ports as `8080/tcp`; a range is each of its ports.
  private func expose(_ texts: [String]) throws -> [String] {
    var ports: [String] = []
    for text in texts {
      // A variable may hold several.
      for word in try expander.words(text, { variables.lookup($0) }) { ports += try Self.ports(word) }
    }
    ports = Set(ports).sorted()
    state.config.defaults.exposedPorts = Set(state.config.defaults.exposedPorts + ports).sorted()
    return ports
  }

  private static func ports(_ word: String) throws -> [String] {
    let parts = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let networkProtocol = parts.count > 1 ? parts[1].lowercased() : "tcp"
    let bounds = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
    guard ["tcp", "udp", "sctp"].contains(networkProtocol), (1...2).contains(bounds.count), let first = bounds[0],
      let last = bounds[bounds.count - 1], first <= last
    else { throw BuildFailure("EXPOSE: expected PORT[-PORT][/tcp|udp|sctp], found '\(word)'") }
    return (first...last).map { "\($0)/\(networkProtocol)" }
  }

  private func setHealthcheck(_ check: HealthcheckStep) -> String {
    var members: [JSON.Member] = []
    func add(_ key: String, _ number: Int64?) { if let number { members.append(JSON.Member(key, .integer(number))) } }
    let test: [String]
    switch check.command {
    case nil: test = ["NONE"]
    case .arguments(let words): test = ["CMD"] + words
    case .shell(let text): test = ["CMD-SHELL", text]
    }
    members.append(JSON.Member("Test", .strings(test)))
    add("Interval", check.interval)
    add("Timeout", check.timeout)
    add("StartPeriod", check.startPeriod)
    add("StartInterval", check.startInterval)
    add("Retries", check.retries.map { Int64($0) })
    state.config.defaults.healthcheck = .object(members)
    return "HEALTHCHECK \(Self.quotedList(test))"
  }

  /// As Go prints lists: `[a b]`.
  static func list(_ words: [String]) -> String { "[\(words.joined(separator: " "))]" }

  /// And with %q: `["a" "b"]`.
  static func quotedList(_ words: [String]) -> String {
    "[\(words.map { JSON.string($0).text() }.joined(separator: " "))]"
  }
}
