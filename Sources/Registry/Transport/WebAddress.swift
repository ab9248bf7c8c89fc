/// Whom a request goes to. What belongs to one origin, credentials above all, is never sent to another.
struct Origin: Hashable, Sendable, CustomStringConvertible {
  var isSecure: Bool
  /// In lower case; an IPv6 address without brackets.
  var host: String
  var port: Int

  /// - Parameter authority: host and perhaps port, as references have it: `localhost:5000`, `[::1]`.
  init?(isSecure: Bool, authority: some StringProtocol) {
    var host = authority.lowercased()[...]
    var port = isSecure ? 443 : 80
    if let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") {
      guard let number = UInt16(host[host.index(after: colon)...]), number > 0 else { return nil }
      (host, port) = (host[..<colon], Int(number))
    }
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = host.dropFirst().dropLast() }
    let allowed = isBracketed ? "0123456789abcdef:." : "0123456789abcdefghijklmnopqrstuvwxyz-._"
    guard !host.isEmpty, host.utf8.count <= 253, host.allSatisfy(allowed.contains) else { return nil }
    (self.isSecure, self.host, self.port) = (isSecure, String(host), port)
  }

  /// Host and port as they are written, the port only if it is not the scheme's.
  var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  var description: String { "\(isSecure ? "https" : "http")://\(authority)" }

  /// Whether it is this machine: `localhost`, 127.0.0.0/8, ::1.
  var isLoopback: Bool { Self.isLoopback(host) }

  static func isLoopback(_ host: String) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return host == "localhost" || host == "::1"
      || (parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil })
  }
}

/// An address of the web, from a registry's answer or made here: only http and https, nobody's name or password in it, and
/// only characters about whose meaning no two readers differ.
struct WebAddress: Hashable, Sendable, CustomStringConvertible {
  var origin: Origin
  /// The path, and perhaps a query.
  var target: String

  private static let longest = 8192

  init(_ origin: Origin, _ target: String) { (self.origin, self.target) = (origin, target) }

  /// Reads what a registry sent, against the address of the request that it answers (RFC 9110 "Location").
  init?(_ text: String, relativeTo base: WebAddress? = nil) {
    // Many registries send spaces and the like nowhere, and some readers would guess what they mean.
    guard !text.isEmpty, text.utf8.count <= Self.longest, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
      !text.contains("\\")
    else { return nil }
    let text = text.prefix { $0 != "#" }
    let lower = text.lowercased()
    if let scheme = ["https://", "http://"].first(where: lower.hasPrefix) {
      self.init(afterScheme: text.dropFirst(scheme.count), isSecure: scheme == "https://")
      return
    }
    guard let base else { return nil }
    if text.hasPrefix("//") {
      self.init(afterScheme: text.dropFirst(2), isSecure: base.origin.isSecure)
    } else if text.hasPrefix("/") {
      self.init(base.origin, String(text))
    } else {
      // A scheme of another kind, as in `file:///etc/passwd`.
      guard !text.prefix(while: { $0 != "/" && $0 != "?" }).contains(":") else { return nil }
      let path = base.path
      let directory = text.hasPrefix("?") ? path[...] : path[...(path.lastIndex(of: "/") ?? path.startIndex)]
      self.init(base.origin, "\(directory)\(text)")
    }
  }

  private init?(afterScheme text: Substring, isSecure: Bool) {
    let authority = text.prefix { $0 != "/" && $0 != "?" }
    guard let origin = Origin(isSecure: isSecure, authority: authority) else { return nil }
    let target = text.dropFirst(authority.count)
    self.init(origin, target.hasPrefix("/") ? String(target) : "/" + target)
  }

  var path: String { String(target.prefix { $0 != "?" }) }

  /// With one more parameter in the query.
  func adding(_ name: String, _ value: String) -> WebAddress {
    let separator = target.contains("?") ? "&" : "?"
    return WebAddress(origin, "\(target)\(separator)\(name)=\(Self.escaped(value))")
  }

  /// For a query: everything but what RFC 3986 calls unreserved becomes `%xx`.
  static func escaped(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      let scalar = UnicodeScalar(byte)
      let isPlain = byte < 0x80 && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      if isPlain || "-._~".unicodeScalars.contains(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }

  var description: String { origin.description + target }
  /// For messages: queries have signatures in them.
  var shown: String { origin.description + path }
}
