internal import Glibc
internal import Kernel
internal import OCI
internal import Store
internal import Synchronization

/// Why a step was not in the cache: what its key has that the key of the same step had not the last time that this
/// Dockerfile was built here.
final class CacheExplanation: Sendable {
  private struct State {
    var current: [String: [StepKey.Part]] = [:]
    /// Stages of which the first miss was told.
    var told: Set<String> = []
    var hasMissed = false
  }

  /// Of a step, so many parts are remembered: files beyond are not told apart.
  private static let mostParts = 4096
  private static let longest = 64 << 20

  private let path: String
  private let before: [String: [StepKey.Part]]
  private let state = Mutex(State())

  /// - Parameters:
  ///   - subject: the Dockerfile and the target.
  ///   - reads: whether anything will be asked.
  init(of subject: String, _ layout: StoreLayout, reads: Bool) {
    path = "\(layout.buildContexts)/last-\(ImageLibrary.digest(of: Array(subject.utf8)).hex)"
    before = reads ? Self.read(path) : [:]
  }

  /// Takes down a step's key.
  ///
  /// - Returns: for the first miss of a stage, why it is one.
  func note(_ step: BuildStep, _ key: StepKey, isMissing: Bool, ignoresCache: Bool) -> String? {
    let stage = String(step.place.prefix { $0 != "/" })
    let isFirst = state.withLock { state -> Bool in
      state.current[step.place] = Array(key.parts.prefix(Self.mostParts))
      guard isMissing else { return false }
      state.hasMissed = true
      return state.told.insert(stage.drop { $0.isNumber }.description).inserted
    }
    guard isFirst else { return nil }
    if ignoresCache { return "not from the cache: --no-cache" }
    return explanation(step, key)
  }

  private func explanation(_ step: BuildStep, _ key: StepKey) -> String {
    guard let old = before[step.place] ?? nearest(to: key) else {
      return "not from the cache: no step like it was built here before"
    }
    let known = Dictionary(old.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    let now = Dictionary(key.parts.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    var reasons: [String] = []
    for part in key.parts where known[part.name] != part.value {
      reasons.append(Self.words(part.name, from: known[part.name], to: part.value))
    }
    for part in old where now[part.name] == nil { reasons.append("\(part.name) is gone") }
    if reasons.isEmpty { return "not from the cache: it was there, and was removed" }
    let shown = reasons.prefix(5).joined(separator: "; ")
    return "not from the cache: \(shown)" + (reasons.count > 5 ? "; and \(reasons.count - 5) more" : "")
  }

  /// The step of the same kind that has most in common.
  private func nearest(to key: StepKey) -> [StepKey.Part]? {
    let parts = Set(key.parts.map { "\($0.name)\0\($0.value)" })
    let same = before.values.filter { $0.first == key.parts.first }
    return same.max { one, other in
      one.count { parts.contains("\($0.name)\0\($0.value)") }
        < other.count { parts.contains("\($0.name)\0\($0.value)") }
    }
  }

  private static func words(_ name: String, from old: String?, to new: String) -> String {
    switch name {
    case "files": return "the steps before it made other files"
    case "command": return "the command was \(old ?? "nothing"), and is \(new)"
    case "contents": return "the files that it copies have changed"
    default: break
    }
    if name.hasPrefix("file ") { return old == nil ? "\(name) is new" : "\(name) has changed" }
    if name.hasPrefix("ENV ") || name.hasPrefix("ARG ") {
      return old == nil ? "\(name) is new" : "\(name) was \(value(old)), and is \(value(new))"
    }
    return "\(name) was \(old.map { $0.isEmpty ? "nothing" : $0 } ?? "nothing"), and is \(new)"
  }

  /// ENV has its name in the value, too.
  private static func value(_ text: String?) -> String {
    guard let text else { return "nothing" }
    return text.firstIndex(of: "=").map { String(text[text.index(after: $0)...]) } ?? text
  }

  // MARK: The last time

  func write(in library: ImageLibrary, _ hold: borrowing Hold) {
    let steps = state.withLock { $0.hasMissed ? $0.current : nil }
    guard let steps else { return }
    // A build that failed knows less than the one before it.
    let all = Self.read(path).merging(steps) { $1 }
    let json = JSON.object(
      all.sorted { $0.key < $1.key }.map { place, parts in
        JSON.Member(place, .array(parts.map { .strings([$0.name, $0.value]) }))
      })
    library.writeHint(json.bytes(), to: path, hold)
  }

  private static func read(_ path: String) -> [String: [StepKey.Part]] {
    guard let bytes = try? readFile(path, limit: longest), let json = try? JSON.parse(bytes, limit: longest),
      let members = json.members
    else { return [:] }
    var steps: [String: [StepKey.Part]] = [:]
    for member in members {
      steps[member.key] = (member.value.elements ?? []).compactMap { part in
        guard let name = part[0]?.string, let value = part[1]?.string else { return nil }
        return StepKey.Part(name: name, value: value)
      }
    }
    return steps
  }
}
