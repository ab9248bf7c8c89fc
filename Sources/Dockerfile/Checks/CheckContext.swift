public import OCI

/// What a build knows besides the Dockerfile; the checks say more with it.
public struct CheckContext: Sendable {
  /// `--build-arg`.
  public var arguments: [String: String] = [:]
  public var platform = Platform.host
  public var buildPlatform = Platform.host
  /// `--target`; nil is the last stage.
  public var target: String?
  /// Nil without an ignore file.
  public var ignore: IgnorePatterns?
  /// The variables of base images, as far as they are known, by their names in FROM. Without them nobody can tell what
  /// is undefined in a stage.
  public var environments: [String: [String: String]] = [:]

  public init() {}

  /// What every build has (Dockerfile reference, "Automatic platform ARGs in the global scope").
  public var platformArguments: [String: String] {
    var values = ["TARGETSTAGE": target ?? "default"]
    for (prefix, platform) in [("BUILD", buildPlatform), ("TARGET", platform)] {
      values["\(prefix)PLATFORM"] = "\(platform)"
      values["\(prefix)OS"] = platform.os
      values["\(prefix)OSVERSION"] = ""
      values["\(prefix)ARCH"] = platform.architecture
      values["\(prefix)VARIANT"] = platform.variant ?? ""
    }
    return values.merging(arguments.filter { values[$0.key] != nil }) { $1 }
  }
}
