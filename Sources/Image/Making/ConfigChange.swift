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
    let environment = defaults.environment
    let variables = ImageDefaults.Variables(expander: Expander()) { environment[$0] }
    do throws(DockerfileError) {
      if case .workingDirectory(let text) = operation {
        defaults.workingDirectory = defaults.absolute(try variables.expand(text)).cleanedPath
      } else {
        _ = try defaults.apply(operation, variables)
      }
    } catch {
      throw ImageError("--change: \(error.reason)")
    }
  }
}

extension ImageDefaults {
  fileprivate var environment: [String: String] {
    var variables: [String: String] = [:]
    for entry in env {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      variables[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
    }
    return variables
  }
}
