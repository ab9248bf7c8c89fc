internal import OCI

extension Node {
  func runStep() throws(DockerfileError) -> RunStep {
    let flags = try FlagValues(of: self, ["mount": .texts, "network": .text, "security": .text, "device": .texts])
    let command = try commandLine()
    guard command != .arguments([]) else { throw error("RUN takes a command, found an empty array") }
    var step = RunStep(command)
    step.heredocs = heredocs
    for word in flags.words("mount") {
      step.mounts.append(try read(word) { text throws(DockerfileError) in try RunMount(parsing: text) { _ in nil } })
    }
    for word in flags.words("device") {
      step.devices.append(try read(word) { text throws(DockerfileError) in try RunDevice(parsing: text) })
    }
    step.network = try choice(flags, "network", ["default", "none", "host"])
    step.security = try choice(flags, "security", ["sandbox", "insecure"])
    return step
  }

  private func read<Value>(
    _ word: Word, _ parse: (String) throws(DockerfileError) -> Value
  ) throws(DockerfileError) -> Value {
    do {
      return try parse(word.text)
    } catch {
      throw self.error(error.reason, at: word)
    }
  }

  private func choice(_ flags: FlagValues, _ name: String, _ values: [String]) throws(DockerfileError) -> String? {
    guard let word = flags.word(name) else { return nil }
    guard values.contains(word.text) else {
      throw error(
        "--\(name): expected \(values.joined(separator: " or ")), found \(word.text.quotedForMessage())",
        at: word)
    }
    return word.text
  }

  func healthcheck() throws(DockerfileError) -> HealthcheckStep {
    let flags = try FlagValues(
      of: self,
      [
        "interval": .text, "timeout": .text, "start-period": .text, "start-interval": .text, "retries": .text,
      ])
    guard let kind = arguments.first else { throw error("HEALTHCHECK takes CMD with a command, or NONE") }
    var command = self
    command.arguments.removeFirst()
    switch kind.text.uppercased() {
    case "NONE":
      if let more = command.arguments.first { throw error("HEALTHCHECK NONE takes no arguments", at: more) }
      return HealthcheckStep(nil)
    case "CMD":
      guard !command.arguments.isEmpty else { throw error("expected a command after HEALTHCHECK CMD", at: kind) }
    default: throw error("expected CMD or NONE, found \(kind.text.quotedForMessage())", at: kind)
    }
    var step = HealthcheckStep(try command.commandLine())
    step.interval = try time(flags, "interval")
    step.timeout = try time(flags, "timeout")
    step.startPeriod = try time(flags, "start-period")
    step.startInterval = try time(flags, "start-interval")
    if let word = flags.word("retries") {
      guard let retries = Int32(word.text), retries >= 0 else {
        throw error("--retries: expected a number of 0 or more, found \(word.text.quotedForMessage())", at: word)
      }
      step.retries = retries == 0 ? nil : Int(retries)
    }
    return step
  }

  /// - Returns: nanoseconds; nil for 0, which is the default.
  private func time(_ flags: FlagValues, _ name: String) throws(DockerfileError) -> Int64? {
    guard let word = flags.word(name) else { return nil }
    guard let time = DurationText.nanoseconds(word.text, least: 0), time == 0 || time >= 1_000_000 else {
      throw error(
        "--\(name): expected a time of 1ms or more, such as 30s, found \(word.text.quotedForMessage())",
        at: word)
    }
    return time == 0 ? nil : time
  }
}
