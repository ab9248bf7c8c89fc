import Foundation
import Glibc
import Testing

/// Debian's docker-registry on a loopback port, with a storage of its own. It ends with its owner.
final class RegistryPeer {
  static let isInstalled = ["docker-registry", "skopeo", "umoci"].allSatisfy { Host.exists("/usr/bin/\($0)") }

  let port: UInt16
  private let directory: String
  private let child: Host.Child

  var host: String { "127.0.0.1:\(port)" }

  init() throws {
    directory = Host.temporaryDirectory("registry")
    port = try Self.freePort()
    Host.write(
      """
      version: 0.1
      log: {level: error, accesslog: {disabled: true}}
      storage:
        filesystem: {rootdirectory: \(directory)/data}
      http:
        addr: 127.0.0.1:\(port)
        secret: of-the-tests

      """, to: "\(directory)/config.yml")
    child = try Host.spawn(["/usr/bin/docker-registry", "serve", "\(directory)/config.yml"])
    let port = port
    try Host.wait(30, for: "docker-registry to listen") { Self.answers(port) }
  }

  deinit { Host.remove(directory) }

  /// The file that has the bytes of a blob, a manifest's too.
  func file(_ digest: String) -> String {
    let hex = digest.replacingOccurrences(of: "sha256:", with: "")
    return "\(directory)/data/docker/registry/v2/blobs/sha256/\(hex.prefix(2))/\(hex)/data"
  }

  /// A manifest or index as it is.
  func raw(_ name: String) throws -> String {
    try Host.must("skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(host)/\(name)")
  }

  /// One value of a manifest, by jq path.
  func manifest(_ name: String, _ path: String) throws -> [String] {
    try Host.must("jq", "-r", path, input: try raw(name)).split(separator: "\n").map(String.init)
  }

  // MARK: Ports

  static func freePort() throws -> UInt16 {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    var (address, length) = (loopback(0), socklen_t(MemoryLayout<sockaddr_in>.size))
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(number, $0, length) == 0 && getsockname(number, $0, &length) == 0
      }
    }
    guard isBound else { throw HostError(description: "no free port: \(String(cString: strerror(errno)))") }
    return UInt16(bigEndian: address.sin_port)
  }

  static func answers(_ port: UInt16) -> Bool {
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(number) }
    var address = loopback(port)
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  private static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    return address
  }
}

/// Runs the case with an empty store and a registry.
func withRegistry(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestStore, RegistryPeer) throws -> Void
) throws {
  let registry = try RegistryPeer()
  try withEmptyStore(sourceLocation: sourceLocation) { try body($0, registry) }
}

extension TestStore {
  /// Where `make` puts images: an OCI layout.
  var layout: String { "\(directory)/layout" }

  /// Makes an image: see rootfs-fixtures/image.
  func make(_ tag: String, _ options: String...) throws {
    let made = try Host.run([Host.fixture("image"), layout, tag] + options)
    guard made.code == 0 else { throw HostError(description: "\(made)") }
  }

  /// Sends an image that was made to a registry, by skopeo.
  ///
  /// - Returns: its name.
  @discardableResult
  func publish(
    _ tag: String, as name: String, to registry: RegistryPeer, _ options: String...
  ) throws -> String {
    let line = ["skopeo", "copy", "--quiet", "--dest-tls-verify=false"] + options
    let outcome = try Host.run(line + ["oci:\(layout):\(tag)", "docker://\(registry.host)/\(name)"])
    guard outcome.code == 0 else { throw HostError(description: "\(outcome)") }
    return "\(registry.host)/\(name)"
  }

  /// What a container of an image sees of it, by rootfs-fixtures/tree: from outside, while it runs.
  func seen(_ image: String) throws -> [String] {
    let id = try must("run", "-d", "--image", image, "/bin/sleep", "1000").trimmingCharacters(in: .newlines)
    defer { _ = try? command("rm", "--force", id) }
    let pid = try Host.must("jq", ".pid", input: try must("state", id)).trimmingCharacters(in: .newlines)
    return try Self.listing("/proc/\(pid)/root")
  }

  /// Without what a container has of its own.
  static func listing(_ root: String) throws -> [String] {
    let own = ["dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf"].flatMap { ["--skip", $0] }
    let outcome = try Host.run([Host.fixture("tree"), root] + own)
    guard outcome.code == 0 else { throw HostError(description: "\(outcome)") }
    return outcome.lines
  }

  /// A member of the answer of `df` or another command that speaks JSON.
  func json(_ path: String, _ arguments: String...) throws -> String {
    let outcome = try Host.run(line(arguments + ["--format", "json"]))
    guard outcome.code == 0 else { throw HostError(description: "\(outcome)") }
    return try Host.must("jq", "-r", path, input: outcome.output).trimmingCharacters(in: .newlines)
  }
}
