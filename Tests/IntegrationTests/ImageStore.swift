import Foundation
import Glibc
import Testing

/// An image store that a recipe made, and the state of the containers of one case.
final class TestStore {
  let directory: String
  var store: String { "\(directory)/store" }
  var state: String { "\(directory)/state" }

  /// Made once; copies share its layers' files no more than they share its directories.
  private static let template: String = {
    let path = Host.temporaryDirectory("store")
    _ = try? Host.must(Host.fixture("store"), path)
    return path
  }()

  fileprivate init(isEmpty: Bool = false) throws {
    directory = Host.temporaryDirectory("images")
    if !isEmpty { try Host.must("cp", "-a", Self.template, "\(directory)/store") }
  }

  func line(_ arguments: [String]) -> [String] { [Host.program, "--store", store, "--root", state] + arguments }

  /// A command with this store.
  func command(
    _ arguments: String..., input: String = "", descriptors: [Int32: Int32] = [:], environment: [String: String] = [:],
    directory: String = "/"
  ) throws -> Outcome {
    try Host.run(
      line(arguments), input: input, descriptors: descriptors, environment: environment, directory: directory)
  }

  /// `run --rm` of a shell script in a container of the image.
  func sh(_ options: String..., script: String, environment: [String: String] = [:]) throws -> Outcome {
    try Host.run(
      line(["run", "--rm"] + options + ["--image", "tour", "sh", "-c", script]), environment: environment)
  }

  @discardableResult
  func must(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let outcome = try Host.run(line(arguments))
    guard outcome.code == 0 else {
      throw HostError(description: "\(arguments.joined(separator: " ")): \(outcome) at \(sourceLocation)")
    }
    return outcome.output
  }

  /// A member of a container's record.
  func record(_ id: String, _ path: String) throws -> String {
    try Host.must("jq", "-r", path, "\(store)/kept/\(id)/container.json")
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Of all that is in the layers.
  func fingerprint() throws -> String {
    let layers = "\(store)/layers/sha256"
    return try FileManager.default.contentsOfDirectory(atPath: layers).sorted()
      .map { try Leftovers.fingerprint(of: "\(layers)/\($0)/root") }.joined()
  }

  /// What containers have left: of this store, and of this state.
  var leftovers: [String] {
    var found: [String] = []
    for place in ["\(store)/kept", "\(store)/making", state] {
      found += ((try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []).map { "\(place)/\($0)" }
    }
    found += Host.read("/proc/self/mountinfo").split(separator: "\n").filter { $0.contains(directory) }.map(String.init)
    return found
  }
}

/// Makes a store, runs the case, removes the containers that are still there, and checks that nothing of them is left
/// and that the image is what it was.
func withStore(sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestStore) throws -> Void) throws {
  let store = try TestStore()
  defer { Host.remove(store.directory) }
  let before = try store.fingerprint()
  defer {
    let kept = (try? FileManager.default.contentsOfDirectory(atPath: "\(store.store)/kept")) ?? []
    for id in kept {
      let removed = try? store.command("rm", "--force", id)
      #expect(removed?.code == 0, "rm: \(String(describing: removed))", sourceLocation: sourceLocation)
    }
    #expect(store.leftovers == [], sourceLocation: sourceLocation)
    let after = try? store.fingerprint()
    #expect(after == before, "the layers have changed", sourceLocation: sourceLocation)
  }
  try body(store)
}

/// Runs the case with a store that is not there yet, removes the containers that are still there, and checks that nothing
/// is left of them, and that every stored byte is what its digest says.
func withEmptyStore(sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestStore) throws -> Void) throws {
  let store = try TestStore(isEmpty: true)
  defer { Host.remove(store.directory) }
  defer {
    let kept = (try? FileManager.default.contentsOfDirectory(atPath: "\(store.store)/kept")) ?? []
    for id in kept {
      let removed = try? store.command("rm", "--force", id)
      #expect(removed?.code == 0, "rm: \(String(describing: removed))", sourceLocation: sourceLocation)
    }
    let verified = try? store.command("image", "verify")
    #expect(verified?.output == "no damage found\n", "\(String(describing: verified))", sourceLocation: sourceLocation)
    #expect(store.leftovers == [], sourceLocation: sourceLocation)
  }
  try body(store)
}
