internal import Dockerfile
internal import OCI

/// What instructions say of an image: for `build` and for `commit --change`.
extension ImageDefaults {
  /// What replaces variables in an instruction.
  struct Variables {
    let expander: Expander
    let lookup: (String) -> String?

    func expand(_ text: String) throws(DockerfileError) -> String { try expander.expand(text, lookup).text }

    /// A variable may hold several words.
    func words(_ text: String) throws(DockerfileError) -> [String] { try expander.words(text, lookup) }
  }

  /// - Returns: the line of the history, in BuildKit's form; `nil` for an instruction that is about more than the defaults.
  /// - Throws: for what cannot be expanded, and for what is not allowed once it is.
  mutating func apply(
    _ operation: Instruction.Operation, _ variables: Variables
  ) throws(DockerfileError) -> String? {
    switch operation {
    case .environment(let pairs):
      // All values are of before the instruction.
      let values = try expand(pairs, variables, "ENV")
      for (key, value) in values { set(variable: key, value) }
      return "ENV " + Self.line(values)
    case .label(let pairs):
      let values = try expand(pairs, variables, "LABEL")
      for (key, value) in values { labels[key] = value }
      return "LABEL " + Self.line(values)
    case .expose(let texts):
      let ports = try ports(texts, variables)
      exposedPorts = Set(exposedPorts + ports).sorted()
      return "EXPOSE \(Self.list(ports))"
    case .user(let text):
      user = try variables.expand(text)
      return "USER \(user)"
    case .volume(let places):
      var added: [String] = []
      for place in places { added.append(try variables.expand(place)) }
      guard !added.contains("") else { throw DockerfileError("VOLUME specified can not be an empty string", line: 0) }
      volumes = Set(volumes + added).sorted()
      return "VOLUME \(Self.list(added))"
    case .stopSignal(let text):
      let signal = try variables.expand(text)
      stopSignal = signal
      return "STOPSIGNAL \(signal)"
    case .shell(let words):
      shell = words
      return "SHELL \(Self.list(words))"
    case .command(let line):
      let words = arguments(line)
      cmd = words
      return "CMD \(Self.quotedList(words))"
    case .entrypoint(let line):
      let words = arguments(line)
      entrypoint = words
      return "ENTRYPOINT \(Self.quotedList(words))"
    case .healthcheck(let step):
      let test = Self.test(step)
      healthcheck = Self.json(step, test)
      return "HEALTHCHECK \(Self.quotedList(test))"
    case .onBuild(let text):
      onBuild.append(text)
      return "ONBUILD \(text)"
    case .run, .copy, .add, .argument, .maintainer, .workingDirectory: return nil
    }
  }

  /// A path of the image; a relative one begins at the working directory.
  func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    return (workingDirectory.hasPrefix("/") ? workingDirectory : "/\(workingDirectory)") + "/" + path
  }

  /// The shell of the text form: the image's, or docker's default.
  var shellWords: [String] { shell ?? ["/bin/sh", "-c"] }

  /// An array as it is; a text is for the shell.
  func arguments(_ line: CommandLine) -> [String] {
    switch line {
    case .arguments(let words): words
    case .shell(let text): shellWords + [text]
    }
  }

  private func expand(
    _ pairs: [KeyValue], _ variables: Variables, _ name: String
  ) throws(DockerfileError) -> [(key: String, value: String)] {
    var set: [(String, String)] = []
    for pair in pairs {
      let key = try variables.expand(pair.key)
      guard !key.isEmpty else { throw DockerfileError("\(name) names can not be blank", line: 0) }
      set.append((key, try variables.expand(pair.value)))
    }
    return set
  }

  private mutating func set(variable key: String, _ value: String) {
    let entry = "\(key)=\(value)"
    if let at = env.firstIndex(where: { $0.hasPrefix("\(key)=") }) { env[at] = entry } else { env.append(entry) }
  }

  /// As `8080/tcp`; a range is each of its ports.
  private func ports(_ texts: [String], _ variables: Variables) throws(DockerfileError) -> [String] {
    var ports: Set<String> = []
    for text in texts {
      for word in try variables.words(text) {
        let port = try PortSpecification(parsing: word)
        ports.formUnion(port.ports.map { "\($0)/\(port.transport)" })
      }
    }
    return ports.sorted()
  }

  private static func test(_ step: HealthcheckStep) -> [String] {
    switch step.command {
    case nil: ["NONE"]
    case .arguments(let words): ["CMD"] + words
    case .shell(let text): ["CMD-SHELL", text]
    }
  }

  /// docker's form of a health check (docker image specification 1.2, "Healthcheck").
  private static func json(_ step: HealthcheckStep, _ test: [String]) -> JSON {
    let numbers = [
      ("Interval", step.interval), ("Timeout", step.timeout), ("StartPeriod", step.startPeriod),
      ("StartInterval", step.startInterval), ("Retries", step.retries.map(Int64.init)),
    ]
    return .object(
      [JSON.Member("Test", .strings(test))]
        + numbers.compactMap { name, number in number.map { JSON.Member(name, .integer($0)) } })
  }

  private static func line(_ pairs: [(key: String, value: String)]) -> String {
    pairs.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  /// As Go prints lists: `[a b]`.
  private static func list(_ words: [String]) -> String { "[\(words.joined(separator: " "))]" }

  /// And with %q: `["a" "b"]`.
  private static func quotedList(_ words: [String]) -> String {
    "[\(words.map { JSON.string($0).text() }.joined(separator: " "))]"
  }
}
