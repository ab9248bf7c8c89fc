internal import Glibc
internal import Kernel
internal import NIOSSL
internal import OCI

/// Directories `HOST[:PORT]` with further authorities (`*.crt`) and certificates of our own (`*.cert` with `*.key`), as
/// docker and podman have them.
struct CertificateDirectories {
  private let directories: [String]
  private static let mostFiles = 64
  private static let longestFile = 1 << 20

  init(_ directories: [String]) { self.directories = directories }

  func settings(for origin: Origin, verifies: Bool) throws(Failure) -> TLSConfiguration {
    var settings = TLSConfiguration.makeClientConfiguration()
    settings.minimumTLSVersion = .tlsv12
    settings.certificateVerification = verifies ? .fullVerification : .none
    for directory in paths(for: origin) {
      for name in names(in: directory) {
        let path = "\(directory)/\(name)"
        if name.hasSuffix(".crt"), verifies {
          settings.additionalTrustRoots.append(.certificates(try certificates(path)))
        } else if name.hasSuffix(".cert"), settings.certificateChain.isEmpty {
          let key = path.dropLast(".cert".utf8.count) + ".key"
          settings.certificateChain = try certificates(path).map { .certificate($0) }
          settings.privateKey = .privateKey(try privateKey(String(key)))
        }
      }
    }
    return settings
  }

  private func paths(for origin: Origin) -> [String] {
    let host = origin.host.contains(":") ? "[\(origin.host)]" : origin.host
    let names = ["\(host):\(origin.port)"] + (origin.port == 443 ? [host] : [])
    return directories.flatMap { directory in names.map { "\(directory)/\($0)" } }
  }

  private func names(in path: String) -> [String] {
    guard let directory = try? Descriptor.open(path, O_RDONLY | O_DIRECTORY),
      let names = try? Directories.names(in: directory.number, limit: Self.mostFiles)
    else { return [] }
    return names.sorted()
  }

  private func certificates(_ path: String) throws(Failure) -> [NIOSSLCertificate] {
    let bytes = try read(path)
    do { return try NIOSSLCertificate.fromPEMBytes(bytes) } catch { throw Failure("\(path): no certificate in PEM") }
  }

  private func privateKey(_ path: String) throws(Failure) -> NIOSSLPrivateKey {
    let bytes = try read(path)
    do { return try NIOSSLPrivateKey(bytes: bytes, format: .pem) } catch {
      throw Failure("\(path): no private key in PEM, or one with a password")
    }
  }

  private func read(_ path: String) throws(Failure) -> [UInt8] {
    do { return try readFile(path, limit: Self.longestFile) } catch { throw Failure("\(error)") }
  }
}
