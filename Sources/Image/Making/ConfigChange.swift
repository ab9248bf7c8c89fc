internal import OCI

/// One instruction of a Dockerfile that changes an image's configuration and nothing else: `commit --change`.
public struct ConfigChange: Sendable {
  enum Instruction: String, CaseIterable {
    case cmd, entrypoint, env, expose, label, user, volume, workdir, onbuild, stopsignal
  }

  private let instruction: Instruction
  private let text: String

  /// - Throws: for other instructions, and for what is none.
  public init(_ line: String) throws(ImageError) {
    let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    guard let word = parts.first, let found = Instruction(rawValue: word.lowercased()), parts.count == 2 else {
      let all = Instruction.allCases.map { $0.rawValue.uppercased() }.joined(separator: ", ")
      throw ImageError("--change: expected one of \(all) with what it says, found '\(line)'")
    }
    instruction = found
    text = parts[1].trimmed
    if instruction == .env || instruction == .label, Self.pairs(text) == nil {
      throw ImageError("--change: \(word) wants KEY=VALUE, found '\(parts[1])'")
    }
  }

  func apply(to defaults: inout ImageDefaults) {
    switch instruction {
    case .cmd: defaults.cmd = command(defaults)
    case .entrypoint: defaults.entrypoint = command(defaults)
    case .env:
      for (key, value) in Self.pairs(text) ?? [] {
        defaults.env.removeAll { $0.hasPrefix("\(key)=") }
        defaults.env.append("\(key)=\(value)")
      }
    case .label: for (key, value) in Self.pairs(text) ?? [] { defaults.labels[key] = value }
    case .expose:
      let ports = Self.words(text).map { $0.contains("/") ? $0 : "\($0)/tcp" }
      defaults.exposedPorts = Set(defaults.exposedPorts + ports).sorted()
    case .user: defaults.user = text
    case .volume: defaults.volumes = Set(defaults.volumes + (list ?? Self.words(text))).sorted()
    case .workdir: defaults.workingDirectory = text.hasPrefix("/") ? text : "\(defaults.workingDirectory)/\(text)"
    case .onbuild: defaults.onBuild.append(text)
    case .stopsignal: defaults.stopSignal = text
    }
  }

  /// A JSON array as it is; anything else is for the shell.
  private func command(_ defaults: ImageDefaults) -> [String] {
    list ?? (defaults.shell ?? ["/bin/sh", "-c"]) + [text]
  }

  private var list: [String]? {
    guard let elements = (try? JSON.parse(Array(text.utf8)))?.elements else { return nil }
    let texts = elements.compactMap(\.string)
    return texts.count == elements.count ? texts : nil
  }

  /// `A=b C="d e"`, or docker's older `A b`.
  private static func pairs(_ text: String) -> [(String, String)]? {
    let words = words(text)
    guard let first = words.first else { return nil }
    if !first.contains("=") {
      return words.count < 2 ? nil : [(first, words.dropFirst().joined(separator: " "))]
    }
    var pairs: [(String, String)] = []
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else { return nil }
      pairs.append((String(parts[0]), String(parts[1])))
    }
    return pairs
  }

  /// Words at spaces, with quotes and backslashes taken away as a shell does.
  private static func words(_ text: String) -> [String] {
    var (words, word, quote, isEscaped, hasWord): ([String], String, Character?, Bool, Bool) = (
      [], "", nil, false, false
    )
    for character in text {
      if isEscaped {
        word.append(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else if character == "\"" || character == "'" {
        (quote, hasWord) = (character, true)
      } else if character == " " || character == "\t" {
        if hasWord || !word.isEmpty { words.append(word) }
        (word, hasWord) = ("", false)
      } else {
        word.append(character)
      }
    }
    if hasWord || !word.isEmpty { words.append(word) }
    return words
  }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
  }
}
