/// An instruction's text with its continued lines joined, which remembers where each part of it stands in the file.
struct LogicalLine: Sendable, Equatable {
  /// What one line of the file gave to the text.
  private struct Piece: Sendable, Equatable {
    /// Where it begins in the text.
    var start: Int
    /// Where it begins in its line, from 0.
    var column: Int
    var line: Int
    var excerpt: String
  }

  private(set) var scalars: [Unicode.Scalar] = []
  private var pieces: [Piece] = []

  mutating func append(_ part: ArraySlice<Unicode.Scalar>, of line: SourceLine) {
    pieces.append(Piece(start: scalars.count, column: part.startIndex, line: line.number, excerpt: line.text))
    scalars.append(contentsOf: part)
  }

  /// All of it, without the blanks at both ends.
  var range: Range<Int> { trimmed(scalars.indices) }

  func text(_ range: Range<Int>) -> String { String(scalars[range]) }

  /// The range without the blanks at both of its ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    let part = scalars[range]
    guard let first = part.firstIndex(where: { !$0.isSpace }), let last = part.lastIndex(where: { !$0.isSpace }) else {
      return range.lowerBound..<range.lowerBound
    }
    return first..<(last + 1)
  }

  /// An error about what stands at this offset of the text.
  func error(_ reason: String, at offset: Int) -> DockerfileError {
    guard let piece = pieces.last(where: { $0.start <= offset }) ?? pieces.first else {
      return DockerfileError(reason, line: 0)
    }
    return DockerfileError(
      reason, line: piece.line, column: piece.column + offset - piece.start + 1, excerpt: piece.excerpt)
  }
}
