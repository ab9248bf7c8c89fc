internal import OCI

/// A text with its variables replaced.
public struct Expansion: Sendable, Equatable {
  public var text = ""
  /// The variables that had a value, each once.
  public var used: [String] = []
  /// The variables that had none, each once.
  public var undefined: [String] = []
}

/// Replaces variables and takes quotes away, nearly as a shell does (Dockerfile reference, "Environment replacement").
public struct Expander: Sendable {
  /// What stays as it is.
  public struct Options: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Quotes stay in the text.
    public static let keepsQuotes = Options(rawValue: 1)
    /// Escape characters stay in the text.
    public static let keepsEscapes = Options(rawValue: 2)
    /// Variables that have no value stay in the text.
    public static let keepsUnset = Options(rawValue: 4)
    /// Quotes mean nothing: the content of a heredoc is no word of the language.
    public static let ignoresQuotes = Options(rawValue: 8)
  }

  let escape: Unicode.Scalar
  let options: Options

  /// - Parameter escape: of the directives; for heredocs always `\`.
  public init(escape: Character = "\\", options: Options = []) {
    self.escape = escape.unicodeScalars.first ?? "\\"
    self.options = options
  }

  /// - Parameter lookup: a variable's value.
  /// - Throws: for what is not well formed, for `${NAME:?…}` without a value, and for more than `largest` code points.
  public func expand(_ text: String, _ lookup: (String) -> String?) throws(DockerfileError) -> Expansion {
    var run = ExpansionRun(text, self)
    var words = WordCollector()
    do {
      let result = try run.expand(until: nil, keepsEscapes: options.contains(.keepsEscapes), lookup, &words)
      return Expansion(text: String(result), used: run.used, undefined: run.undefined)
    } catch {
      throw Self.error(error, text)
    }
  }

  /// The words of a text: split at white space outside of quotes, that of replaced variables included.
  public func words(_ text: String, _ lookup: (String) -> String?) throws(DockerfileError) -> [String] {
    var run = ExpansionRun(text, self)
    var words = WordCollector()
    do {
      _ = try run.expand(until: nil, keepsEscapes: options.contains(.keepsEscapes), lookup, &words)
      return words.finish()
    } catch {
      throw Self.error(error, text)
    }
  }

  private static func error(_ failure: ExpansionRun.Failure, _ text: String) -> DockerfileError {
    DockerfileError("\(text.quotedForMessage()): \(failure.reason)", line: 0)
  }

  /// How long all that one text makes may be, in code points.
  static let largest = 4 << 20
  /// How deep substitutions may lie in each other.
  static let deepest = 64
}

/// Collects the words of a text while it is expanded.
struct WordCollector {
  private var words: [String] = []
  private var word: [Unicode.Scalar] = []

  mutating func append(_ scalar: Unicode.Scalar) {
    if scalar.isSpace { end() } else { word.append(scalar) }
  }

  /// What was quoted or escaped: white space in it ends no word.
  mutating func append(quoted part: some Sequence<Unicode.Scalar>) {
    word.append(contentsOf: part)
  }

  /// A word without a character is none, not even between quotes.
  private mutating func end() {
    if !word.isEmpty { words.append(String(word)) }
    word = []
  }

  mutating func finish() -> [String] {
    end()
    return words
  }
}
