// The parts of a reference, byte by byte.
extension Reference {
  package static func isTag(_ tag: String) -> Bool {
    let bytes = tag.utf8
    guard let first = bytes.first, isWord(first), bytes.count <= 128 else { return false }
    return bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
  }

  /// Names of letters, digits and hyphens with dots between, or an IPv6 address in brackets; then perhaps a port.
  static func isDomain(_ domain: String) -> Bool {
    var host = domain[...]
    if let colon = domain.lastIndex(of: ":"), !domain[colon...].contains("]") {
      let port = domain[domain.index(after: colon)...]
      guard !port.isEmpty, port.utf8.count <= 5, port.utf8.allSatisfy(isDigit) else { return false }
      host = domain[..<colon]
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
      let address = host.dropFirst().dropLast().utf8
      return !address.isEmpty && address.allSatisfy { isHex($0) || $0 == UInt8(ascii: ":") }
    }
    return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
      guard let first = part.utf8.first, let last = part.utf8.last, isAlphanumeric(first), isAlphanumeric(last) else {
        return false
      }
      return part.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
  }

  static func isPath(_ path: String) -> Bool {
    path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isPathComponent)
  }

  /// Small letters and digits; between them one dot, one or two underscores, or any number of hyphens.
  private static func isPathComponent(_ component: Substring) -> Bool {
    let bytes = Array(component.utf8)
    guard let first = bytes.first, let last = bytes.last, isLower(first), isLower(last) else { return false }
    var separators: [UInt8] = []
    for byte in bytes {
      if !isLower(byte) {
        separators.append(byte)
        continue
      }
      if !separators.isEmpty, !isSeparator(separators) { return false }
      separators.removeAll()
    }
    return true
  }

  private static func isSeparator(_ bytes: [UInt8]) -> Bool {
    bytes == [UInt8(ascii: ".")] || bytes == [UInt8(ascii: "_")]
      || bytes == [UInt8](repeating: UInt8(ascii: "_"), count: 2)
      || bytes.allSatisfy { $0 == UInt8(ascii: "-") }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isLower(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }
}
