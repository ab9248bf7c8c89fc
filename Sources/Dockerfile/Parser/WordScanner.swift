/// Cuts a part of an instruction into words; each of its ways is that of an instruction's form.
struct WordScanner {
  let line: LogicalLine
  let escape: Unicode.Scalar

  /// The words at blanks, whatever is in them.
  func words(_ range: Range<Int>) -> [Node.Word] {
    var words: [Node.Word] = []
    var at = range.lowerBound
    while at < range.upperBound {
      let end = line.scalars[at..<range.upperBound].firstIndex(where: \.isBlank) ?? range.upperBound
      words.append(Node.Word(text: line.text(at..<end), offset: at))
      at = line.scalars[end..<range.upperBound].firstIndex { !$0.isBlank } ?? range.upperBound
    }
    return words
  }

  /// The words at white space outside of quotes. Quotes and escapes stay in them: what they mean is known when
  /// variables are replaced.
  func quotedWords(_ range: Range<Int>) -> [Node.Word] {
    var words: [Node.Word] = []
    var scan = Scan(at: range.lowerBound)
    while scan.at < range.upperBound {
      let scalar = line.scalars[scan.at]
      if scan.quote == nil, scalar.isSpace {
        if let word = scan.finish() { words.append(word) }
      } else if scalar == escape, scan.quote != "'" {
        scan.begin()
        // The last character of the line escapes nothing, and is nothing.
        if scan.at + 1 < range.upperBound {
          scan.text.append(scalar)
          scan.at += 1
          scan.text.append(line.scalars[scan.at])
        }
      } else {
        scan.begin()
        scan.note(scalar)
        scan.text.append(scalar)
      }
      scan.at += 1
    }
    if let word = scan.finish() { words.append(word) }
    return words
  }

  /// The flags at the front, `--NAME[=VALUE]`, without quotes and escapes, and where the rest begins. A `--` alone ends
  /// them and belongs to nobody.
  func flags(_ range: Range<Int>) -> (flags: [Node.Word], rest: Int) {
    var flags: [Node.Word] = []
    var scan = Scan(at: range.lowerBound)
    while scan.at < range.upperBound {
      let scalar = line.scalars[scan.at]
      if scan.start == nil {
        if scalar.isSpace {
          scan.at += 1
          continue
        }
        guard line.scalars[scan.at..<range.upperBound].starts(with: "--".unicodeScalars) else {
          return (flags, scan.at)
        }
      }
      scan.begin()
      if scan.quote == nil, scalar.isSpace {
        guard let word = scan.finish() else { continue }
        if word.text == "--" { return (flags, scan.at) }
        flags.append(word)
      } else if scalar == escape {
        if scan.at + 1 < range.upperBound {
          scan.at += 1
          scan.text.append(line.scalars[scan.at])
        }
      } else if !scan.note(scalar) {
        scan.text.append(scalar)
      }
      scan.at += 1
    }
    if let word = scan.finish(), word.text != "--" { flags.append(word) }
    return (flags, range.upperBound)
  }

  /// A word that is being read.
  private struct Scan {
    var at: Int
    var start: Int?
    var text: [Unicode.Scalar] = []
    var quote: Unicode.Scalar?
    /// Quotes make a word even where there is nothing between them.
    var hasQuotes = false

    mutating func begin() { start = start ?? at }

    /// - Returns: whether it is a quote that begins or ends a quoted part.
    @discardableResult mutating func note(_ scalar: Unicode.Scalar) -> Bool {
      if let open = quote {
        guard scalar == open else { return false }
        quote = nil
        return true
      }
      guard scalar == "'" || scalar == "\"" else { return false }
      (quote, hasQuotes) = (scalar, true)
      return true
    }

    mutating func finish() -> Node.Word? {
      defer { (start, text, quote, hasQuotes) = (nil, [], nil, false) }
      guard let start, hasQuotes || !text.isEmpty else { return nil }
      return Node.Word(text: String(text), offset: start)
    }
  }
}
