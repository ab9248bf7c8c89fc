internal import OCI

internal import struct Crypto.SHA256

/// All that decides what a step makes, by name, so that a step that is not in the cache can tell why.
struct StepKey: Sendable {
  struct Part: Sendable, Equatable {
    var name: String
    var value: String
  }

  private(set) var parts: [Part] = []

  /// What kind of step it is.
  init(_ kind: String) { add("kind", kind) }

  mutating func add(_ name: String, _ value: String) { parts.append(Part(name: name, value: value)) }

  mutating func add(_ name: String, _ values: [String]) {
    add(name, JSON.strings(values).text())
  }

  /// Names and values with their lengths, so that no two keys are the same bytes.
  var digest: Digest {
    var hash = SHA256()
    for part in parts {
      hash.update(data: Array("\(part.name.utf8.count):\(part.name)\(part.value.utf8.count):\(part.value)".utf8))
    }
    return Digest(sha256: hash.finalize())
  }
}
