/// The checks of a Dockerfile, by the names that they have in BuildKit (<https://docs.docker.com/reference/build-checks/>).
public enum Check: String, Sendable, CaseIterable {
  case stageNameCasing = "StageNameCasing"
  case fromAsCasing = "FromAsCasing"
  case noEmptyContinuation = "NoEmptyContinuation"
  case consistentInstructionCasing = "ConsistentInstructionCasing"
  case duplicateStageName = "DuplicateStageName"
  case reservedStageName = "ReservedStageName"
  case jsonArgsRecommended = "JSONArgsRecommended"
  case maintainerDeprecated = "MaintainerDeprecated"
  case undefinedArgInFrom = "UndefinedArgInFrom"
  case undefinedVar = "UndefinedVar"
  case workdirRelativePath = "WorkdirRelativePath"
  case multipleInstructionsDisallowed = "MultipleInstructionsDisallowed"
  case legacyKeyValueFormat = "LegacyKeyValueFormat"
  /// The base image is needed for it, so whoever builds makes this one.
  case invalidBaseImagePlatform = "InvalidBaseImagePlatform"
  case redundantTargetPlatform = "RedundantTargetPlatform"
  case secretsUsedInArgOrEnv = "SecretsUsedInArgOrEnv"
  case invalidDefaultArgInFrom = "InvalidDefaultArgInFrom"
  case fromPlatformFlagConstDisallowed = "FromPlatformFlagConstDisallowed"
  case copyIgnoredFile = "CopyIgnoredFile"
  case invalidDefinitionDescription = "InvalidDefinitionDescription"
  case exposeProtoCasing = "ExposeProtoCasing"
  case exposeInvalidFormat = "ExposeInvalidFormat"

  /// What it is about, for all its warnings.
  public var description: String {
    switch self {
    case .stageNameCasing: "stages are named in lower case"
    case .fromAsCasing: "FROM and AS are written in the same case"
    case .noEmptyContinuation: "a blank line inside of an instruction will be an error one day"
    case .consistentInstructionCasing: "all instructions are written in the same case"
    case .duplicateStageName: "a stage's name is its own"
    case .reservedStageName: "some words cannot be told from stages of that name"
    case .jsonArgsRecommended: "a command of a shell does not get the signals that stop the container"
    case .maintainerDeprecated: "MAINTAINER is an old form of LABEL"
    case .undefinedArgInFrom: "FROM can use what ARG has declared before it"
    case .undefinedVar: "a variable is set before it is used"
    case .workdirRelativePath: "a relative directory depends on the base image"
    case .multipleInstructionsDisallowed: "only the last of these counts in a stage"
    case .legacyKeyValueFormat: "KEY=VALUE is clearer than KEY VALUE"
    case .invalidBaseImagePlatform: "the base image is for the platform of the build"
    case .redundantTargetPlatform: "the target platform is the default"
    case .secretsUsedInArgOrEnv: "ARG and ENV stay in the image for everybody to see"
    case .invalidDefaultArgInFrom: "a build without arguments has base images, too"
    case .fromPlatformFlagConstDisallowed: "a fixed platform keeps the image from being built for others"
    case .copyIgnoredFile: "what the ignore file leaves out cannot be copied"
    case .invalidDefinitionDescription: "a comment above ARG or FROM is its description"
    case .exposeProtoCasing: "protocols are written in lower case"
    case .exposeInvalidFormat: "EXPOSE takes ports of the container, nothing of the host"
    }
  }

  /// Done only where `check=experimental=…` names it.
  public var isExperimental: Bool { self == .invalidDefinitionDescription }
}

/// Something in a Dockerfile that works and is likely not meant, or will not work one day.
public struct CheckWarning: Sendable, Equatable {
  public var check: Check
  /// What is the matter here.
  public var message: String
  public var place: SourceRange

  public init(_ check: Check, _ message: String, _ place: SourceRange) {
    (self.check, self.message, self.place) = (check, message, place)
  }

  public var name: String { check.rawValue }
  public var description: String { check.description }
  public var line: Int { place.first }

  /// `Dockerfile:3: CHECK: message`.
  public func rendered(file: String) -> String { "\(file):\(line): \(name): \(message)" }
}

extension Directives {
  /// Whether a check is wanted for an instruction.
  ///
  /// - Parameter comments: what is right above it: `# check=skip=NAME` there is about this instruction alone.
  public func wants(_ check: Check, comments: [String] = []) -> Bool {
    var all = self
    for comment in comments {
      guard let (name, value) = DirectiveReader.assignment(comment), name == "check" else { continue }
      // What cannot be read is a comment like any other.
      try? all.apply(checks: value)
      break
    }
    func names(_ list: [String]) -> Bool { list.contains("all") || list.contains(check.rawValue) }
    return check.isExperimental ? names(all.experimentalChecks) : !names(all.skippedChecks)
  }
}
