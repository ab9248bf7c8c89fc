internal import Dockerfile
internal import OCI

/// One instruction of a Dockerfile that changes an image's configuration and nothing else: `commit --change`.
public struct ConfigChange: Sendable {
  private let operation: Instruction.Operation

  /// - Throws: for other instructions, and for what is none.
  public init(_ line: String) throws(ImageError) {
    do throws(DockerfileError) {
      operation = try Dockerfile.instruction(onBuild: line).operation
    } catch {
      throw ImageError("--change: \(error.reason)")
    }
    switch operation {
    case .run, .copy, .add, .argument, .maintainer:
      throw ImageError(
        "--change: expected CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME or "
          + "WORKDIR with what it says, found \(line.quotedForMessage())")
    default: break
    }
  }

  /// - Throws: where a variable cannot be replaced, and for what are no ports.
  func apply(to defaults: inout ImageDefaults) throws(ImageError) {
    do throws(DockerfileError) {
      try defaults.apply(operation)
    } catch {
      throw ImageError("--change: \(error.reason)")
    }
  }
}

extension ImageDefaults {
  /// What an instruction says of an image. Variables are those of the image.
  fileprivate mutating func apply(_ operation: Instruction.Operation) throws(DockerfileError) {
    let variables = environment
    func expand(_ text: String) throws(DockerfileError) -> String {
      try Expander().expand(text) { variables[$0] }.text
    }
    switch operation {
    case .command(let command): cmd = arguments(command)
    case .entrypoint(let command): entrypoint = arguments(command)
    case .environment(let pairs):
      for pair in pairs { set(variable: try expand(pair.key), try expand(pair.value)) }
    case .label(let pairs):
      for pair in pairs { labels[try expand(pair.key)] = try expand(pair.value) }
    case .expose(let texts):
      for text in texts {
        for word in try Expander().words(text, { variables[$0] }) { add(try PortSpecification(parsing: word)) }
      }
    case .user(let text): user = try expand(text)
    case .volume(let paths):
      for path in paths { volumes = Set(volumes + [try expand(path)]).sorted() }
    case .workingDirectory(let text):
      let path = try expand(text)
      workingDirectory = (path.hasPrefix("/") ? path : "/\(workingDirectory)/\(path)").cleanedPath
    case .onBuild(let text): onBuild.append(text)
    case .stopSignal(let text): stopSignal = try expand(text)
    case .shell(let words): shell = words
    case .healthcheck(let step): healthcheck = json(step)
    case .run, .copy, .add, .argument, .maintainer: break
    }
  }

  private var environment: [String: String] {
    var variables: [String: String] = [:]
    for entry in env {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      variables[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
    }
    return variables
  }

  private mutating func set(variable key: String, _ value: String) {
    env.removeAll { $0.hasPrefix("\(key)=") }
    env.append("\(key)=\(value)")
  }

  private mutating func add(_ port: PortSpecification) {
    exposedPorts = Set(exposedPorts + port.ports.map { "\($0)/\(port.transport)" }).sorted()
  }

  /// An array as it is; a text is for the shell.
  private func arguments(_ command: CommandLine) -> [String] {
    switch command {
    case .arguments(let words): words
    case .shell(let text): (shell ?? ["/bin/sh", "-c"]) + [text]
    }
  }

  /// docker's form of a health check (docker image specification 1.2, "Healthcheck").
  private func json(_ step: HealthcheckStep) -> JSON {
    let test: [String] =
      switch step.command {
      case nil: ["NONE"]
      case .arguments(let words): ["CMD"] + words
      case .shell(let text): ["CMD-SHELL", text]
      }
    let numbers = [
      ("Interval", step.interval), ("Timeout", step.timeout), ("StartPeriod", step.startPeriod),
      ("StartInterval", step.startInterval), ("Retries", step.retries.map(Int64.init)),
    ]
    return .object(
      [JSON.Member("Test", .strings(test))]
        + numbers.compactMap { name, number in number.map { JSON.Member(name, .integer($0)) } })
  }
}
