internal import AsyncHTTPClient

/// Which requests go through a proxy, as the usual environment variables say it: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`
/// in capitals or small letters, with the rules of Go's programs, docker among them.
public struct ProxySettings: Sendable {
  struct Proxy: Hashable, Sendable {
    var isSOCKS = false
    var host: String
    var port: Int
    var user: String?
    var password: String?
    /// What is wrong with what the variable says; told when a request would need it.
    var fault: String?

    var configuration: HTTPClient.Configuration.Proxy {
      get throws(Failure) {
        if let fault { throw Failure(fault) }
        if isSOCKS { return .socksServer(host: host, port: port) }
        let login = user.map { HTTPClient.Authorization.basic(username: $0, password: password ?? "") }
        return .server(host: host, port: port, authorization: login)
      }
    }
  }

  private let (secure, plain): (Proxy?, Proxy?)
  private let exceptions: [String]

  /// No proxy.
  public init() { (secure, plain, exceptions) = (nil, nil, []) }

  /// What the environment says.
  public init(environment: [String: String]) {
    func value(_ name: String) -> String? {
      [environment[name], environment[name.lowercased()]].compactMap { $0 }.first { !$0.isEmpty }
    }
    secure = value("HTTPS_PROXY").map { Self.parse($0, "HTTPS_PROXY") }
    plain = value("HTTP_PROXY").map { Self.parse($0, "HTTP_PROXY") }
    exceptions = (value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
  }

  private static func parse(_ text: String, _ variable: String) -> Proxy {
    var (rest, isSOCKS) = (text[...], false)
    if let colon = text.firstRange(of: "://") {
      let scheme = text[..<colon.lowerBound].lowercased()
      rest = text[colon.upperBound...]
      isSOCKS = scheme == "socks5" || scheme == "socks5h"
      guard isSOCKS || scheme == "http" else {
        return Proxy(host: "", port: 0, fault: "\(variable): only http:// and socks5:// proxies are supported")
      }
    }
    var login: [String] = []
    if let at = rest.lastIndex(of: "@") {
      login = rest[..<at].split(separator: ":", maxSplits: 1).map { unescaped(String($0)) }
      rest = rest[rest.index(after: at)...]
    }
    guard let origin = Origin(isSecure: false, authority: rest.prefix { $0 != "/" }) else {
      // Without the value: there may be a password in it.
      return Proxy(host: "", port: 0, fault: "\(variable): expected http://[USER:PASSWORD@]HOST[:PORT]")
    }
    let port = isSOCKS && origin.port == 80 ? 1080 : origin.port
    return Proxy(
      isSOCKS: isSOCKS, host: origin.host, port: port, user: login.first, password: login.dropFirst().first)
  }

  private static func unescaped(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// This machine is never reached through a proxy.
  func proxy(for origin: Origin) -> Proxy? {
    guard let proxy = origin.isSecure ? secure : plain, !origin.isLoopback, !isException(origin) else { return nil }
    return proxy
  }

  private func isException(_ origin: Origin) -> Bool {
    exceptions.contains { exception in
      if exception == "*" { return true }
      if exception.contains("/") { return IPv4Network(exception)?.contains(origin.host) ?? false }
      var name = exception[...]
      if let colon = name.lastIndex(of: ":"), let port = Int(name[name.index(after: colon)...]), !name.hasPrefix("[") {
        guard port == origin.port else { return false }
        name = name[..<colon]
      }
      if name.hasPrefix("*.") { name = name.dropFirst() }
      if name.hasPrefix(".") { return origin.host.hasSuffix(name) }
      return origin.host == name || origin.host.hasSuffix(".\(name)")
    }
  }
}

/// `10.0.0.0/8`.
private struct IPv4Network {
  private let (address, mask): (UInt32, UInt32)

  init?(_ text: String) {
    let parts = text.split(separator: "/")
    guard parts.count == 2, let address = Self.address(parts[0]), let length = UInt32(parts[1]), length <= 32 else {
      return nil
    }
    (self.address, mask) = (address, length == 0 ? 0 : ~0 << (32 - length))
  }

  func contains(_ host: String) -> Bool {
    Self.address(host[...]).map { $0 & mask == address & mask } ?? false
  }

  private static func address(_ text: Substring) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    guard parts.count == 4 else { return nil }
    var address: UInt32 = 0
    for part in parts {
      guard let part else { return nil }
      address = address << 8 | UInt32(part)
    }
    return address
  }
}
