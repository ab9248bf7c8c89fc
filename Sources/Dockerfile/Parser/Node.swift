/// One instruction, cut into keyword, flags and arguments: what it is made of, before what it means.
struct Node: Sendable, Equatable {
  /// A part of an instruction.
  struct Word: Sendable, Equatable {
    var text: String
    /// Where it begins in the instruction's line.
    var offset: Int
  }

  /// As it is written, in whatever case.
  var keyword: Word
  /// Each with its `--`, without quotes.
  var flags: [Word] = []
  /// `ENV` and `LABEL` have three words for each pair: the key, the value, and `=` or nothing.
  var arguments: [Word] = []
  /// The arguments are the elements of a JSON array.
  var isJSON = false
  /// What `ONBUILD` is followed by: one node, or none.
  var trigger: [Node] = []
  var heredocs: [Heredoc] = []
  /// What of the line is this node's.
  var range: Range<Int>
  var line: LogicalLine
  var place: SourceRange
  /// The comments right above it, without the `#`.
  var comments: [String] = []

  /// As it is written, continued lines joined.
  var text: String { line.text(range) }

  func error(_ reason: String, at word: Word? = nil) -> DockerfileError {
    line.error(reason, at: (word ?? keyword).offset)
  }
}
