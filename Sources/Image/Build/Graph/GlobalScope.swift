internal import Dockerfile
internal import OCI

/// The variables outside of the stages: `ARG` before the first `FROM`, and those that every Dockerfile has.
struct GlobalScope: Sendable {
  /// With its value, or none.
  private(set) var arguments: [String: String] = [:]
  let given: [String: String]
  private let expander: Expander
  private let platform: Platform

  /// Known without ARG, and never in a history or a key (Dockerfile reference, "Predefined ARGs").
  static let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap {
    [$0, $0.lowercased()]
  }

  init(_ dockerfile: Dockerfile, _ options: BuildOptions) throws(BuildFailure) {
    expander = Expander(escape: dockerfile.directives.escape)
    platform = options.platform
    var given: [String: String] = [:]
    for (name, value) in options.arguments { given[name] = value }
    self.given = given
    arguments = Self.platforms(target: options.platform, stage: options.target ?? "default")
    for (name, value) in given where arguments[name] != nil { arguments[name] = value }
    for instruction in dockerfile.globalArguments {
      guard case .argument(let declarations) = instruction.operation else { continue }
      for declaration in declarations {
        if let value = given[declaration.name] {
          arguments[declaration.name] = value
        } else if let text = declaration.defaultValue {
          arguments[declaration.name] = try expand(text, instruction.place)
        }
      }
    }
  }

  private func expand(_ text: String, _ place: SourceRange) throws(BuildFailure) -> String {
    do {
      return try expander.expand(text, { arguments[$0] }).text
    } catch {
      throw BuildFailure(error, at: place)
    }
  }

  /// The name behind FROM.
  func base(of stage: Stage) throws(BuildFailure) -> String {
    let name = try expand(stage.base, stage.place)
    guard !name.isEmpty else {
      throw BuildFailure(
        "FROM \(stage.base): the base is empty: give the argument with --build-arg, or a default with ARG",
        at: stage.place)
    }
    return name
  }

  func platform(of stage: Stage) throws(BuildFailure) -> Platform {
    guard let text = stage.platform else { return platform }
    let expanded = try expand(text, stage.place)
    if expanded.isEmpty { return platform }
    guard let platform = Platform(parsing: expanded) else {
      throw BuildFailure("--platform: expected a platform such as linux/arm64, found '\(expanded)'", at: stage.place)
    }
    return platform
  }

  /// BuildKit's arguments of the platform, which stages have to declare.
  static func platforms(target: Platform, stage: String) -> [String: String] {
    let host = Platform.host
    return [
      "TARGETPLATFORM": "\(target)", "TARGETOS": target.os, "TARGETARCH": target.architecture,
      "TARGETVARIANT": target.variant ?? "", "BUILDPLATFORM": "\(host)", "BUILDOS": host.os,
      "BUILDARCH": host.architecture, "BUILDVARIANT": host.variant ?? "", "TARGETSTAGE": stage,
    ]
  }
}
