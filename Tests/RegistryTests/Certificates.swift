import Foundation
import Kernel

/// An authority, and certificates that it signed, made by openssl.
final class Certificates: Sendable {
  let scratch = Scratch()

  var authority: String { "\(scratch.path)/ca.crt" }

  init() throws {
    try Self.openssl([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
      "/CN=authority of the tests", "-keyout", "\(scratch.path)/ca.key", "-out", authority,
    ])
  }

  /// - Parameter names: as openssl has them: `IP:127.0.0.1,DNS:localhost`.
  /// - Returns: paths.
  func issue(_ name: String, for names: String) throws -> (certificate: String, key: String) {
    let base = "\(scratch.path)/\(name)"
    let extensions = scratch.write("subjectAltName=\(names)\n", to: "\(name).ext")
    try Self.openssl([
      "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)", "-keyout",
      "\(base).key", "-out", "\(base).csr",
    ])
    try Self.openssl([
      "x509", "-req", "-in", "\(base).csr", "-CA", authority, "-CAkey", "\(scratch.path)/ca.key", "-set_serial",
      "\(UInt32.random(in: 1...UInt32.max))", "-days", "2", "-extfile", extensions, "-out", "\(base).crt",
    ])
    return ("\(base).crt", "\(base).key")
  }

  /// The lines of docker-registry's section `http`.
  func http(_ issued: (certificate: String, key: String), more: String = "") -> String {
    "  tls: {certificate: \(issued.certificate), key: \(issued.key)\(more)}"
  }

  static func openssl(_ arguments: [String]) throws {
    var program = ChildProgram(path: "/usr/bin/openssl", arguments: ["openssl"] + arguments)
    program.timeout = 30
    let outcome = try program.run()
    guard outcome.status.code == 0 else {
      throw TestError("openssl: \(String(decoding: outcome.errorOutput, as: UTF8.self))")
    }
  }
}
