import Crypto
import Foundation
import Glibc
import Kernel
import OCI
import Synchronization
import Testing

@testable import Registry

struct UploadTests {
  private static let content = (0..<(5 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  private static let blob = ContentDescriptor(.layer, .init(sha256: SHA256.hash(data: content)), size: 5 << 20)
  private static let mebi = 1 << 20

  private func push(
    _ registry: UploadRegistry, chunk: Int64, progress: (@Sendable (Int64) -> Void)? = nil
  ) async throws {
    let scratch = Scratch()
    _ = FileManager.default.createFile(atPath: "\(scratch.path)/blob", contents: Data(Self.content))
    let file = try Descriptor.open("\(scratch.path)/blob", O_RDONLY)
    try await withClient(.test { $0.uploadChunk = chunk }) { client in
      let outcome = try await client.pushBlob(
        Self.blob, file: file.number, to: Reference(parsing: "\(registry.server.host)/app"), progress: progress)
      #expect(outcome == .uploaded)
    }
    #expect(registry.state.bytes == Self.content)
    #expect(registry.state.isDone)
  }

  @Test("a small blob is one request, a large one so many as it has chunks, and the user sees it go")
  func chunks() async throws {
    let one = try UploadRegistry([])
    try await push(one, chunk: 5 << 20)
    #expect(one.server.requests.map(\.method).suffix(2) == ["POST", "PUT"])
    #expect(one.server.requests.last?.target.contains("?state=a%3D&digest=sha256%3A\(Self.blob.digest.hex)") == true)

    let several = try UploadRegistry([])
    let told = Mutex<[Int64]>([])
    try await push(several, chunk: 2 << 20) { bytes in told.withLock { $0.append(bytes) } }
    #expect(several.state.pieces == [2 * Self.mebi, 2 * Self.mebi, Self.mebi])
    #expect(told.withLock { $0 == $0.sorted() && $0.last == 5 << 20 })
    let ranges = several.server.requests.compactMap { $0.headers["content-range"] }
    #expect(ranges == ["0-2097151", "2097152-4194303", "4194304-5242879"])
  }

  @Test("the registry's least chunk is respected")
  func leastChunk() async throws {
    let registry = try UploadRegistry([], leastChunk: 3 << 20)
    try await push(registry, chunk: 1 << 20)
    #expect(registry.state.pieces == [3 * Self.mebi, 2 * Self.mebi])
  }

  @Test("what the registry has is not sent again")
  func resumed() async throws {
    let registry = try UploadRegistry([.cut(1_500_000)])
    try await push(registry, chunk: 4 << 20)
    #expect(registry.state.pieces.reduce(0, +) == 5 * Self.mebi)
    #expect(registry.state.pieces.first == 1_500_000)
    #expect(registry.server.requests.filter { $0.method == "POST" }.count == 1)
  }

  @Test("answers that get lost, busy registries, and ones that are elsewhere in the upload")
  func troubles() async throws {
    let registry = try UploadRegistry([.deaf, .status(503), .outOfRange, .cut(10)])
    try await push(registry, chunk: 2 << 20)
    #expect(registry.server.requests.filter { $0.method == "POST" }.count == 1)
    // The last answer of all: the blob is there, and nothing is sent again.
    let whole = try UploadRegistry([.deaf])
    try await push(whole, chunk: 5 << 20)
    #expect(whole.state.pieces == [5 * Self.mebi])
  }

  @Test("a registry that knows no chunks gets the whole")
  func noChunks() async throws {
    let registry = try UploadRegistry([.status(405)])
    try await push(registry, chunk: 2 << 20)
    #expect(registry.state.pieces == [5 * Self.mebi])
  }

  @Test("an upload that the registry forgot is begun anew")
  func forgotten() async throws {
    let registry = try UploadRegistry([.cut(2_000_000), .forget])
    try await push(registry, chunk: 4 << 20)
    #expect(registry.server.requests.filter { $0.method == "POST" }.count == 2)
  }

  @Test("a registry that never takes it is given up, with its reason")
  func refused() async throws {
    let registry = try UploadRegistry(Array(repeating: .status(507), count: 50))
    let said = await message { try await push(registry, chunk: 2 << 20) }
    #expect(said.hasPrefix("push \(Self.blob.digest) to \(registry.server.host)/app:latest: it answers 507"), "\(said)")
    let full = try UploadRegistry([.status(413)])
    let large = await message { try await push(full, chunk: 2 << 20) }
    #expect(large.hasSuffix(": it answers 413"))
    #expect(full.server.requests.filter { $0.method == "PATCH" }.count == 1)
  }

  @Test("an upload that goes on at another host gets the bytes, not the credentials")
  func elsewhere() async throws {
    let store = try ScriptedServer { _ in .reply(201) }
    let place = "http://\(store.host)/put?signature=x"
    let server = try ScriptedServer { request in
      if request.path == "/v2/" { return .reply(200) }
      if request.headers["authorization"] == nil { return .reply(401, [("WWW-Authenticate", "Basic realm=x")]) }
      return request.method == "POST" ? .reply(202, [("Location", place)]) : .reply(404)
    }
    let scratch = Scratch()
    let file = try Descriptor.open(scratch.write("hello", to: "blob"), O_RDONLY)
    let blob = ContentDescriptor(.layer, .init(sha256: SHA256.hash(data: Array("hello".utf8))), size: 5)
    try await withClient(.test(), Credentials(.password(user: "alice", password: "secret"))) { client in
      let outcome = try await client.pushBlob(
        blob, file: file.number, to: Reference(parsing: "\(server.host)/app"))
      #expect(outcome == .uploaded)
    }
    #expect(store.requests.map(\.body) == [Array("hello".utf8)])
    #expect(store.requests[0].target == "/put?signature=x&digest=sha256%3A\(blob.digest.hex)")
    #expect(store.requests[0].headers["authorization"] == nil)
  }

  @Test("a file that is shorter than its descriptor says")
  func shortFile() async throws {
    let registry = try UploadRegistry([])
    let scratch = Scratch()
    let file = try Descriptor.open(scratch.write("hello", to: "blob"), O_RDONLY)
    try await withClient { client in
      let said = await message {
        let reference = try Reference(parsing: "\(registry.server.host)/app")
        _ = try await client.pushBlob(Self.blob, file: file.number, to: reference)
      }
      #expect(said.contains("the file is shorter than the blob"), "\(said)")
    }
  }

  @Test("a manifest is put under its tag, and the registry's word about the subject is passed on")
  func subject() async throws {
    let server = try ScriptedServer { request in
      request.path == "/v2/" ? .reply(200) : .reply(201, [("OCI-Subject", "sha256:x")])
    }
    var manifest = ImageManifest(config: Self.blob, layers: [])
    manifest.subject = Self.blob
    let bytes = manifest.json.bytes()
    try await withClient { client in
      let pushed = try await client.pushManifest(bytes, .manifest, to: Reference(parsing: "\(server.host)/app:1"))
      #expect(pushed.listsSubject && pushed.digest == RegistryClient.digest(of: bytes, .sha256))
      let wrong = try Reference(parsing: "\(server.host)/app@\(Self.blob.digest)")
      let said = await message { try await client.pushManifest(bytes, .manifest, to: wrong) }
      #expect(said.hasSuffix("the manifest has the digest \(pushed.digest)"))
    }
    let puts = server.requests.filter { $0.method == "PUT" }
    #expect(puts.map(\.target) == ["/v2/app/manifests/1"] && puts.map(\.body) == [bytes])
    #expect(puts.map { $0.headers["content-type"] } == [MediaType.manifest.description])
  }
}
