/// Names of a layer, as bytes: without a slash at either end, without `.`, `..` and empty parts; `[]` is its root.
enum LayerPath {
  static let slash = UInt8(ascii: "/")
  static let dot = UInt8(ascii: ".")

  /// A name of the archive made into one of the layer. As Docker and containerd have it, an absolute one begins at the
  /// layer's root, and `a/../b` is `b` whatever `a` is; as with Docker, one that climbs out of the root is an error.
  static func clean(_ name: [UInt8]) throws(LayerError) -> [UInt8] {
    if isClean(name) { return name }
    var path: [UInt8] = []
    path.reserveCapacity(name.count)
    var start = 0
    while start < name.count {
      var end = start
      while end < name.count, name[end] != slash { end += 1 }
      switch end - start {
      case 0: break
      case 1 where name[start] == dot: break
      case 2 where name[start] == dot && name[start + 1] == dot:
        guard !path.isEmpty else { throw LayerError("layer entry \(text(name)): it leads out of the layer") }
        path.removeLast(path.count - (path.lastIndex(of: slash) ?? 0))
      default:
        if !path.isEmpty { path.append(slash) }
        path.append(contentsOf: name[start..<end])
      }
      start = end + 1
    }
    return path
  }

  /// Most names are: no part of them is empty or begins with a dot.
  private static func isClean(_ name: [UInt8]) -> Bool {
    var isStart = true
    for byte in name {
      if isStart, byte == slash || byte == dot { return false }
      isStart = byte == slash
    }
    return !isStart
  }

  /// The directory's part and the last one.
  static func split(_ path: [UInt8]) -> (parent: ArraySlice<UInt8>, name: ArraySlice<UInt8>) {
    guard let cut = path.lastIndex(of: slash) else { return ([], path[...]) }
    return (path[..<cut], path[(cut + 1)...])
  }

  /// Whether a path is another one, or below it.
  static func isInside(_ path: [UInt8], _ other: [UInt8]) -> Bool {
    path.starts(with: other) && (path.count == other.count || path[other.count] == slash)
  }

  /// For system calls.
  static func cString(_ name: some Collection<UInt8>) -> [CChar] {
    var result: [CChar] = []
    result.reserveCapacity(name.count + 1)
    for byte in name { result.append(CChar(bitPattern: byte)) }
    result.append(0)
    return result
  }

  /// For messages of one line: what cannot be printed is escaped.
  static func text(_ path: some Sequence<UInt8>) -> String {
    var text = ""
    for scalar in String(decoding: Array(path), as: UTF8.self).unicodeScalars {
      if scalar.value < 32 || scalar.value == 127 {
        text += scalar.escaped(asASCII: true)
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text.isEmpty ? "/" : text
  }
}
