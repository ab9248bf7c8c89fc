/// The first word of an instruction, in lower case.
enum Keyword: String, CaseIterable, Sendable {
  case add, arg, cmd, copy, entrypoint, env, expose, from, healthcheck, label, maintainer, onbuild, run, shell
  case stopsignal, user, volume, workdir

  /// How the text after keyword and flags is cut up.
  enum Form {
    /// The whole text is one argument.
    case line
    /// Words at blanks, quotes mean nothing.
    case words
    /// A JSON array, or the whole text.
    case arrayOrLine
    /// A JSON array, or words at blanks.
    case arrayOrWords
    /// `KEY=VALUE …`, or `KEY VALUE`.
    case pairs
    /// `NAME[=VALUE] …`.
    case names
    /// A word, then as `arrayOrLine`.
    case kindAndCommand
    /// An instruction.
    case instruction
  }

  var form: Form {
    switch self {
    case .maintainer, .stopsignal, .user, .workdir: .line
    case .expose, .from: .words
    case .cmd, .entrypoint, .run, .shell: .arrayOrLine
    case .add, .copy, .volume: .arrayOrWords
    case .env, .label: .pairs
    case .arg: .names
    case .healthcheck: .kindAndCommand
    case .onbuild: .instruction
    }
  }

  var takesHeredocs: Bool { self == .run || self == .copy || self == .add }

  init?(_ word: Node.Word) {
    self.init(rawValue: word.text.lowercased())
  }

  var name: String { rawValue.uppercased() }
}
