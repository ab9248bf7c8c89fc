/// One line of the file, as it lies there.
struct SourceLine: Sendable, Equatable {
  /// From 1.
  var number: Int
  /// Without its end.
  var text: String
  /// `\n` or `\r\n`; empty at the end of the file.
  var ending: String
  /// Bytes that were no UTF-8 have been replaced in `text`: fine in a comment, nowhere else.
  var isDamaged: Bool

  var scalars: [Unicode.Scalar] { Array(text.unicodeScalars) }
}

extension SourceLine {
  /// As of moby: what its scanner takes for one line.
  static let longest = (64 << 10) - 1
  /// The largest Dockerfile, in bytes. Generated ones have some ten thousand.
  static let largestFile = 1 << 20

  /// - Throws: for a file or a line that is too large.
  static func split(_ bytes: [UInt8]) throws(DockerfileError) -> [SourceLine] {
    guard bytes.count <= largestFile else {
      throw DockerfileError("it has \(bytes.count) bytes, the most is \(largestFile)", line: 0)
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    var rest = bytes.starts(with: mark) ? bytes[mark.count...] : bytes[...]
    var lines: [SourceLine] = []
    while !rest.isEmpty {
      let feed = rest.firstIndex(of: UInt8(ascii: "\n"))
      let whole = rest[..<(feed.map { $0 + 1 } ?? rest.endIndex)]
      rest = rest[whole.endIndex...]
      lines.append(try SourceLine(number: lines.count + 1, whole))
    }
    return lines
  }

  private init(number: Int, _ whole: ArraySlice<UInt8>) throws(DockerfileError) {
    let end =
      whole.lastIndex { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }.map { $0 + 1 } ?? whole.startIndex
    guard whole.count <= Self.longest else {
      throw DockerfileError("the line has \(whole.count) bytes, the most is \(Self.longest)", line: number)
    }
    let content = whole[..<end]
    self.number = number
    let exact = String(validating: content, as: UTF8.self)
    text = exact ?? String(decoding: content, as: UTF8.self)
    ending = String(decoding: whole[end...], as: UTF8.self)
    isDamaged = exact == nil || content.contains(0)
  }

  /// - Throws: where the text cannot be used, because it is not what the file says.
  func checkEncoding() throws(DockerfileError) {
    guard isDamaged else { return }
    let column = scalars.firstIndex { $0 == "\u{FFFD}" || $0 == "\0" } ?? 0
    throw DockerfileError(
      "the line is no UTF-8 text: expected UTF-8 without NUL", line: number, column: column + 1,
      excerpt: text)
  }
}
