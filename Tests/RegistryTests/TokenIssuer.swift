import Crypto
import Foundation
import OCI
import Synchronization

/// A token server (distribution's token specification) for docker-registry: alice may do everything, strangers may read
/// what begins with `public`.
final class TokenIssuer: Sendable {
  let server: ScriptedServer
  private let scratch: Scratch

  /// What docker-registry believes tokens by.
  private var certificate: String { "\(scratch.path)/cert.pem" }

  /// - Parameter seconds: how long it says that tokens last.
  init(seconds: Int? = nil) throws {
    scratch = Scratch()
    let keyFile = "\(scratch.path)/key.pem"
    try Certificates.openssl([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
      "/CN=tokens", "-keyout", keyFile, "-out", "\(scratch.path)/cert.pem",
    ])
    let key = try P256.Signing.PrivateKey(pemRepresentation: String(contentsOfFile: keyFile, encoding: .utf8))
    let lines = try String(contentsOfFile: "\(scratch.path)/cert.pem", encoding: .utf8).split(separator: "\n")
    let chain = lines.filter { !$0.hasPrefix("-----") }.joined()
    server = try ScriptedServer { request in
      let form = request.method == "POST" ? String(decoding: request.body, as: UTF8.self) : request.target
      let items = URLComponents(string: "/?" + form.drop { $0 != "?" }.dropFirst())?.queryItems
      let parameters = request.method == "POST" ? URLComponents(string: "/?" + form)?.queryItems : items
      let isAlice: Bool
      switch request.headers["authorization"] {
      case "Basic YWxpY2U6c2VjcmV0": isAlice = true
      case nil: isAlice = parameters?.first { $0.name == "refresh_token" }?.value == "alices-token"
      default: return .reply(401, [], text: #"{"errors":[{"code":"UNAUTHORIZED","message":"wrong"}]}"#)
      }
      let scopes = (parameters ?? []).filter { $0.name == "scope" }.flatMap { ($0.value ?? "").split(separator: " ") }
      let access = scopes.compactMap { Self.access(String($0), isAlice) }
      let token = Self.token(access, key, chain)
      var answer = [JSON.Member(request.method == "POST" ? "access_token" : "token", .string(token))]
      if let seconds { answer.append(.init("expires_in", .integer(Int64(seconds)))) }
      return .reply(200, [("Content-Type", "application/json")], JSON.object(answer).bytes())
    }
  }

  /// docker-registry's section.
  var auth: String {
    """
    auth:
      token: {realm: "http://\(server.host)/token", service: tests, issuer: swiftcr, rootcertbundle: \(certificate)}
    """
  }

  private static func access(_ scope: String, _ isAlice: Bool) -> JSON? {
    let parts = scope.split(separator: ":").map(String.init)
    guard parts.count == 3 else { return nil }
    let actions = parts[2].split(separator: ",").map(String.init)
    let allowed = isAlice ? actions : parts[1].hasPrefix("public") ? actions.filter { $0 == "pull" } : []
    return .object([
      .init("type", .string(parts[0])), .init("name", .string(parts[1])), .init("actions", .strings(allowed)),
    ])
  }

  private static func token(_ access: [JSON], _ key: P256.Signing.PrivateKey, _ chain: String) -> String {
    let header = JSON.object([
      .init("typ", .string("JWT")), .init("alg", .string("ES256")), .init("x5c", .strings([chain])),
    ])
    let now = Int64(Date().timeIntervalSince1970)
    let claims = JSON.object([
      .init("iss", .string("swiftcr")), .init("sub", .string("")), .init("aud", .string("tests")),
      .init("exp", .integer(now + 300)), .init("nbf", .integer(now - 10)), .init("iat", .integer(now)),
      .init("jti", .string(UUID().uuidString)), .init("access", .array(access)),
    ])
    let signed = "\(encoded(header.bytes())).\(encoded(claims.bytes()))"
    let signature = try? key.signature(for: Data(signed.utf8)).rawRepresentation
    return "\(signed).\(encoded(Array(signature ?? Data())))"
  }

  private static func encoded(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
      .replacingOccurrences(of: "=", with: "")
  }
}
