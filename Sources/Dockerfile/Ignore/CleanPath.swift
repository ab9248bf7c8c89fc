extension String {
  /// The shortest path of the same meaning, as Go's filepath.Clean makes it: without `.`, doubled slashes and a slash at
  /// the end, and with `..` taken together with what is before it.
  package var cleanedPath: String {
    let isAbsolute = utf8.first == UInt8(ascii: "/")
    var parts: [String.UTF8View.SubSequence] = []
    for part in utf8.split(separator: UInt8(ascii: "/")) {
      if part.elementsEqual(".".utf8) { continue }
      let isParent = part.elementsEqual("..".utf8)
      if isParent, let last = parts.last, !last.elementsEqual("..".utf8) {
        parts.removeLast()
      } else if !isParent || !isAbsolute {
        parts.append(part)
      }
    }
    let joined = parts.map { String(Substring($0)) }.joined(separator: "/")
    return isAbsolute ? "/" + joined : joined.isEmpty ? "." : joined
  }
}
