import Foundation
import Glibc
import OCI
import Testing

@testable import Registry

@Suite(.enabled(if: DockerRegistry.isInstalled, "docker-registry is not installed"))
struct TLSTests {
  private let certificates: Certificates

  init() throws { certificates = try Certificates() }

  /// This machine like any other: without TLS that is right, nothing goes.
  private func strict(_ registry: DockerRegistry, certificates directory: String? = nil) -> RegistryConfiguration {
    .test {
      $0.rules = [RegistryRule(registry.host, isInsecure: false)]
      $0.certificateDirectories = directory.map { [$0] } ?? []
    }
  }

  private func manifestError(_ configuration: RegistryConfiguration, _ registry: DockerRegistry) async throws -> String
  {
    let prefix = "get manifest of \(registry.host)/app:latest: "
    let said = await message {
      try await withClient(configuration) { _ = try await $0.manifest(Reference(parsing: "\(registry.host)/app")) }
    }
    #expect(said.hasPrefix(prefix), "\(said)")
    return String(said.dropFirst(prefix.count))
  }

  private func copy(_ file: String, to name: String, for registry: DockerRegistry) throws {
    let directory = "\(registry.scratch.path)/certs.d/\(registry.host)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: file, toPath: "\(directory)/\(name)")
  }

  @Test("an authority in certs.d makes the difference; so does saying that it does not matter")
  func authority() async throws {
    let issued = try certificates.issue("server", for: "IP:127.0.0.1")
    let registry = try await DockerRegistry(http: certificates.http(issued))
    let (image, reference) = (SampleImage(layerSize: 3 << 20), try Reference(parsing: "\(registry.host)/app"))
    let said = try await manifestError(strict(registry), registry)
    #expect(
      said.hasPrefix("x509: the certificate is not signed by an authority that is known here (put the"), "\(said)")
    #expect(said.contains("/etc/containers/certs.d/\(registry.host)/ca.crt"))

    try copy(certificates.authority, to: "ca.crt", for: registry)
    let trusting = strict(registry, certificates: "\(registry.scratch.path)/certs.d")
    try await withClient(trusting) { client in
      try await image.push(client, to: reference)
      #expect(try await client.bytes(image.manifest.layers[0], of: reference) == image.layer)
    }
    var careless = strict(registry)
    careless.verifiesTLS = false
    for configuration in [careless, .test { $0.certificateDirectories = [] }] {
      try await withClient(configuration) { client in
        let fetched = try await client.manifest(reference)
        #expect(fetched.bytes == image.bytes)
      }
    }
  }

  @Test("a certificate for another host")
  func otherHost() async throws {
    let issued = try certificates.issue("server", for: "DNS:other.example")
    let registry = try await DockerRegistry(http: certificates.http(issued))
    try copy(certificates.authority, to: "ca.crt", for: registry)
    let said = try await manifestError(strict(registry, certificates: "\(registry.scratch.path)/certs.d"), registry)
    #expect(said.hasPrefix("x509: the certificate is for another host than 127.0.0.1"), "\(said)")
  }

  @Test("a registry that wants to see a certificate gets the one of certs.d")
  func clientCertificate() async throws {
    let issued = try certificates.issue("server", for: "IP:127.0.0.1")
    let more = ", clientcas: [\(certificates.authority)]"
    let registry = try await DockerRegistry(http: certificates.http(issued, more: more))
    try copy(certificates.authority, to: "ca.crt", for: registry)
    let configuration = strict(registry, certificates: "\(registry.scratch.path)/certs.d")
    let said = try await manifestError(configuration, registry)
    #expect(said.hasPrefix("it wants a certificate of yours (put .cert and .key into"), "\(said)")

    let own = try certificates.issue("client", for: "DNS:client")
    try copy(own.certificate, to: "client.cert", for: registry)
    let lone = try await manifestError(configuration, registry)
    #expect(lone.contains("client.key: no such file or directory"), "\(lone)")
    try copy(own.key, to: "client.key", for: registry)
    try await withClient(configuration) { client in
      let found = try await client.resolve(Reference(parsing: "\(registry.host)/app"))
      #expect(found == nil)
    }
  }

  @Test("a registry without TLS that should have it")
  func withoutTLS() async throws {
    let registry = try await DockerRegistry()
    let said = try await manifestError(strict(registry), registry)
    #expect(said.hasPrefix("it answers without TLS (if plain HTTP is all it has, list it as insecure"), "\(said)")
  }

  @Test("no credentials go to a token server without TLS")
  func plainTokenServer() async throws {
    let issued = try certificates.issue("server", for: "IP:127.0.0.1")
    let issuer = try TokenIssuer()
    let registry = try await DockerRegistry(http: certificates.http(issued), auth: issuer.auth)
    try copy(certificates.authority, to: "ca.crt", for: registry)
    let configuration = strict(registry, certificates: "\(registry.scratch.path)/certs.d")
    let said = await message {
      try await withClient(configuration, Credentials(.password(user: "alice", password: "secret"))) { client in
        _ = try await client.manifest(Reference(parsing: "\(registry.host)/app"))
      }
    }
    #expect(
      said.contains("its token server http://\(issuer.server.host)/token has no TLS, and no credentials go there"))
    #expect(issuer.server.requests.isEmpty)
  }

  @Test("a proxy of the environment carries what is not for this machine")
  func proxy() async throws {
    let (registry, image) = (try await DockerRegistry(), SampleImage(layerSize: 100_000))
    let proxy = try ConnectProxy(to: registry.port, only: "registry.example:80")
    let configuration = RegistryConfiguration.test {
      $0.rules = [RegistryRule("registry.example", isInsecure: true)]
      let address = "http://user:pass@127.0.0.1:\(proxy.port)"
      $0.proxies = ProxySettings(environment: ["HTTP_PROXY": address, "HTTPS_PROXY": address])
    }
    let reference = try Reference(parsing: "registry.example/app:1")
    try await withClient(configuration) { client in
      try await image.push(client, to: reference)
      #expect(try await client.bytes(image.manifest.layers[0], of: reference) == image.layer)
    }
    #expect(registry.stored(image.digest) == image.bytes)
    let requests = proxy.requests
    #expect(requests.contains { $0.hasPrefix("CONNECT registry.example:80 ") })
    #expect(requests.allSatisfy { $0.lowercased().contains("proxy-authorization: basic dxnlcjpwyxnz") })
  }
}
