/// One instruction of a stage, not expanded.
public struct Instruction: Sendable, Equatable {
  public var operation: Operation
  public var place: SourceRange
  /// As it is written, continued lines joined, flags included: for progress and history.
  public var text: String
  /// The comments right above it, without the `#`.
  public var comments: [String] = []

  public init(_ operation: Operation, place: SourceRange, text: String) {
    (self.operation, self.place, self.text) = (operation, place, text)
  }

  public enum Operation: Sendable, Equatable {
    case run(RunStep)
    case copy(CopyStep)
    case add(AddStep)
    case environment([KeyValue])
    case label([KeyValue])
    case argument([ArgumentDeclaration])
    case expose([String])
    case user(String)
    case workingDirectory(String)
    case volume([String])
    case stopSignal(String)
    case shell([String])
    case command(CommandLine)
    case entrypoint(CommandLine)
    case healthcheck(HealthcheckStep)
    /// The instruction's text, for the builds that begin with this image.
    case onBuild(String)
    case maintainer(String)
  }
}

/// `KEY=VALUE`, the value with the quotes that it was written with.
public struct KeyValue: Sendable, Equatable {
  public var key: String
  public var value: String
  /// It is written in the older form, `KEY VALUE`.
  public var isLegacy = false

  public init(_ key: String, _ value: String) { (self.key, self.value) = (key, value) }
}

/// `ARG NAME[=DEFAULT]`.
public struct ArgumentDeclaration: Sendable, Equatable {
  public var name: String
  public var defaultValue: String?

  public init(_ name: String, _ defaultValue: String?) { (self.name, self.defaultValue) = (name, defaultValue) }
}

/// A command: an array of arguments, or a text for the shell.
public enum CommandLine: Sendable, Equatable {
  case arguments([String])
  case shell(String)
}

/// A file written in the Dockerfile itself (`<<NAME`).
public struct Heredoc: Sendable, Equatable {
  public var name: String
  /// Leading tabs are gone already (`<<-`).
  public var content: String
  /// The delimiter was not quoted, so variables in it are replaced.
  public var isExpanded: Bool

  public init(name: String, content: String, isExpanded: Bool) {
    (self.name, self.content, self.isExpanded) = (name, content, isExpanded)
  }
}

/// `HEALTHCHECK`; times in nanoseconds, nil where the default holds.
public struct HealthcheckStep: Sendable, Equatable {
  /// `nil` is NONE.
  public var command: CommandLine?
  public var interval: Int64?
  public var timeout: Int64?
  public var startPeriod: Int64?
  public var startInterval: Int64?
  public var retries: Int?

  public init(_ command: CommandLine?) { self.command = command }
}
