import Crypto
import Foundation
import Glibc
import Kernel
import NIOCore
import OCI
import Testing

@testable import Registry

/// A directory that goes with its owner.
final class Scratch: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/swiftcr-registry.XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("mkdtemp: \(String(cString: strerror(errno)))") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { _ = try? FileManager.default.removeItem(atPath: path) }

  /// - Returns: the file's path.
  @discardableResult
  func write(_ text: String, to name: String, mode: mode_t = 0o644) -> String {
    let file = "\(path)/\(name)"
    _ = try? FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: file, contents: Data(text.utf8))
    chmod(file, mode)
    return file
  }
}

/// Debian's docker-registry on a port and with a storage of its own. It ends with its owner.
final class DockerRegistry: Sendable {
  static let isInstalled = access("/usr/bin/docker-registry", X_OK) == 0

  let port: UInt16
  let scratch = Scratch()
  private let pid: Int32

  var host: String { "127.0.0.1:\(port)" }

  /// - Parameters:
  ///   - http: more lines of the section, indented by two.
  ///   - auth: the whole section.
  init(http: String = "", auth: String = "") async throws {
    port = try Listener.freePort()
    let configuration = scratch.write(
      """
      version: 0.1
      log: {level: error, accesslog: {disabled: true}}
      storage:
        filesystem: {rootdirectory: \(scratch.path)/data}
        delete: {enabled: true}
      http:
        addr: 127.0.0.1:\(port)
        secret: of-the-tests
      \(http)
      \(auth)

      """, to: "config.yml")
    let log = open("\(scratch.path)/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    defer { close(log) }
    pid = try HostProgram.start("/usr/bin/docker-registry", ["serve", configuration], descriptors: [1: log, 2: log])
    let end = ContinuousClock.now + .seconds(30)
    while true {
      if let connection = Listener.connect(port) {
        close(connection)
        return
      }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == 0, ContinuousClock.now < end else {
        throw TestError("docker-registry: \(logged)")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  var logged: String {
    String(decoding: FileManager.default.contents(atPath: "\(scratch.path)/log") ?? Data(), as: UTF8.self)
  }

  deinit {
    kill(pid, SIGKILL)
    var status: Int32 = 0
    _ = waitpid(pid, &status, 0)
  }

  /// What it keeps of a blob, by its own files.
  func stored(_ digest: OCI.Digest) -> [UInt8]? {
    let file = "\(scratch.path)/data/docker/registry/v2/blobs/sha256/\(digest.hex.prefix(2))/\(digest.hex)/data"
    return FileManager.default.contents(atPath: file).map(Array.init)
  }
}

/// An image of a config and one layer, in files.
final class SampleImage: Sendable {
  let manifest: ImageManifest
  let config: [UInt8]
  let layer: [UInt8]
  private let scratch = Scratch()

  init(layerSize: Int) {
    config = Array(#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#.utf8)
    var generator = SystemRandomNumberGenerator()
    var bytes: [UInt8] = []
    while bytes.count < layerSize { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
    layer = Array(bytes.prefix(layerSize))
    manifest = ImageManifest(
      config: .init(.config, .init(sha256: SHA256.hash(data: config)), size: Int64(config.count)),
      layers: [.init(.layerGzip, .init(sha256: SHA256.hash(data: layer)), size: Int64(layerSize))])
    for (name, bytes) in [("config", config), ("layer", layer)] {
      _ = FileManager.default.createFile(atPath: "\(scratch.path)/\(name)", contents: Data(bytes))
    }
  }

  var bytes: [UInt8] { manifest.json.bytes() }
  var digest: OCI.Digest { .init(sha256: SHA256.hash(data: bytes)) }
  var blobs: [ContentDescriptor] { [manifest.config] + manifest.layers }

  /// Pushes all of it.
  ///
  /// - Returns: how each blob came there.
  @discardableResult
  func push(
    _ client: RegistryClient, to reference: Reference, mountingFrom: [String] = []
  ) async throws -> [PushOutcome] {
    var outcomes: [PushOutcome] = []
    for (blob, name) in zip(blobs, ["config", "layer"]) {
      let file = try Descriptor.open("\(scratch.path)/\(name)", O_RDONLY)
      outcomes.append(
        try await client.pushBlob(blob, file: file.number, to: reference, mountingFrom: mountingFrom))
    }
    try await client.pushManifest(bytes, manifest.mediaType, to: reference)
    return outcomes
  }
}

extension RegistryConfiguration {
  /// What the cases use: it does not dawdle between attempts.
  static func test(_ edit: (inout RegistryConfiguration) -> Void = { _ in }) -> RegistryConfiguration {
    var configuration = RegistryConfiguration()
    configuration.patience.pause = .milliseconds(5)
    edit(&configuration)
    return configuration
  }
}

/// A client for one case.
func withClient<Value>(
  _ configuration: RegistryConfiguration = .test(), _ credentials: Credentials = Credentials(nil),
  warn: (@Sendable (String) -> Void)? = nil, _ body: (RegistryClient) async throws -> Value
) async throws -> Value {
  let client = RegistryClient(configuration, credentials, warn: warn)
  do {
    let value = try await body(client)
    await client.shutdown()
    return value
  } catch {
    await client.shutdown()
    throw error
  }
}

extension RegistryClient {
  /// All of a blob.
  func bytes(_ blob: ContentDescriptor, of reference: Reference, from offset: Int64 = 0) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    try await self.blob(blob, of: reference, from: offset) { bytes.append(contentsOf: $0.readableBytesView) }
    return bytes
  }
}

/// The message of the error that something throws.
func message(_ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) async -> String {
  do {
    try await body()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    return ""
  } catch {
    return "\(error)"
  }
}
