public import NIOCore
internal import NIOHTTP1
public import OCI

extension RegistryClient {
  /// Fetches a blob's bytes, in order, from an offset on.
  ///
  /// What breaks off is taken up again where it ended, at the same registry and then at the next. Never more bytes come
  /// than the descriptor says; *whether they are the right ones, the caller finds out*, who hashes them as they are written.
  /// A descriptor's `urls` are never followed.
  ///
  /// - Parameters:
  ///   - offset: bytes that are there already.
  ///   - body: is given one piece after the other; the next one is only fetched when it returns.
  /// - Throws: `RegistryError`, or what `body` throws.
  public func blob(
    _ descriptor: ContentDescriptor, of reference: Reference, from offset: Int64 = 0,
    _ body: (ByteBuffer) async throws -> Void
  ) async throws {
    guard (0...descriptor.size).contains(offset) else {
      throw RegistryError("get \(descriptor.digest) of \(reference): no offset \(offset) in \(descriptor.size) bytes")
    }
    var download = Download(descriptor: descriptor, start: offset)
    let step = "get \(descriptor.digest) of"
    var mirrorFailures: [String] = []
    for source in try sources(of: reference) {
      do {
        return try await download.run(source, session, body)
      } catch let error as Failure {
        guard source.isMirror, !Task.isCancelled else {
          throw RegistryError(Self.subject(step, reference, source, mirrorFailures), error)
        }
        note(error, at: source)
        mirrorFailures.append("\(source.host): \(error.reason)")
      }
    }
  }

  /// Whether a repository has a blob.
  public func hasBlob(_ digest: Digest, in reference: Reference) async throws(RegistryError) -> Bool {
    let source = try configuration.target(of: reference)
    do throws(Failure) {
      return try await configuration.patience.retrying { () throws(Failure) in
        try await self.hasBlob(digest, at: source)
      }
    } catch {
      throw RegistryError(Self.subject("look for \(digest) in", reference, source), error)
    }
  }

  func hasBlob(_ digest: Digest, at source: RegistrySource) async throws(Failure) -> Bool {
    var reply = try await session.send(RegistryRequest(.HEAD, .path("blobs/\(digest)"), at: source, .push))
    if reply.status == 404 { return false }
    guard reply.isSuccess else { throw await reply.failure() }
    return true
  }
}

/// One blob on its way here.
private struct Download {
  let descriptor: ContentDescriptor
  private let start: Int64
  /// Bytes that the caller has.
  private var done: Int64

  /// So much between two failures is progress; less could go on for ever.
  private static let progress: Int64 = 64 << 10

  init(descriptor: ContentDescriptor, start: Int64) {
    (self.descriptor, self.start, done) = (descriptor, start, start)
  }

  mutating func run(
    _ source: RegistrySource, _ session: Session, _ body: (ByteBuffer) async throws -> Void
  ) async throws {
    var attempt = 0
    while done < descriptor.size {
      let before = done
      do {
        try await attemptOnce(source, session, body)
      } catch var failure as Failure {
        if done - before >= min(Self.progress, descriptor.size / 8) { attempt = 0 }
        attempt += 1
        // It was there a moment ago: it restarts, perhaps.
        if done > start, failure.kind == .connection { failure.kind = .passing }
        if done > start { failure.reason = "after \(done) of \(descriptor.size) bytes: \(failure.reason)" }
        try await session.configuration.patience.wait(after: failure, attempt: attempt)
      }
    }
  }

  private mutating func attemptOnce(
    _ source: RegistrySource, _ session: Session, _ body: (ByteBuffer) async throws -> Void
  ) async throws {
    var request = RegistryRequest(.GET, .path("blobs/\(descriptor.digest)"), at: source)
    if done > 0 { request.headers.add(name: "Range", value: "bytes=\(done)-") }
    var reply = try await session.send(request)
    var skip = try await reply.bytesBefore(done, of: descriptor.size)
    while done < descriptor.size {
      guard var chunk = try await reply.body.next() else {
        throw Failure("the connection broke off", .passing)
      }
      let skipped = Int(min(skip, Int64(chunk.readableBytes)))
      chunk.moveReaderIndex(forwardBy: skipped)
      skip -= Int64(skipped)
      let count = Int64(chunk.readableBytes)
      if count == 0 { continue }
      guard done + count <= descriptor.size else { throw Failure("it sends more than \(descriptor.size) bytes") }
      do { try await body(chunk) } catch let error as Failure { throw RegistryError(error.reason) }
      done += count
    }
    // The end, without which the connection could not be used again.
    if let rest = try? await reply.body.next(), rest.readableBytes > 0 {
      throw Failure("it sends more than \(descriptor.size) bytes")
    }
  }
}

extension Reply {
  /// How many of the bytes that come are there already.
  ///
  /// - Throws: when this is no answer to the request for the bytes from `offset` on.
  fileprivate mutating func bytesBefore(_ offset: Int64, of size: Int64) async throws(Failure) -> Int64 {
    switch status {
    // The whole, asked for or not: many servers know no ranges.
    case 200:
      if let length = contentLength, length != size { throw Failure("it has \(length) bytes, not \(size)") }
      return offset
    case 206 where offset > 0:
      guard let range = ContentRange(header("Content-Range") ?? ""), range.first == offset, range.total ?? size == size
      else { throw Failure("it answers with another part of the content than the one that was asked for") }
      return 0
    default: throw await failure()
    }
  }
}

/// `bytes 5-9/10`, `bytes 5-9/*`.
struct ContentRange: Equatable {
  var first: Int64
  var last: Int64
  var total: Int64?

  init?(_ text: String) {
    guard text.lowercased().hasPrefix("bytes ") else { return nil }
    let parts = text.dropFirst("bytes ".utf8.count).split(separator: "/", omittingEmptySubsequences: false)
    let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { Int64($0) }
    guard parts.count == 2, ends.count == 2, let first = ends[0], let last = ends[1], 0 <= first, first <= last else {
      return nil
    }
    (self.first, self.last, total) = (first, last, Int64(parts[1]))
    guard parts[1] == "*" || total.map({ $0 > last }) == true else { return nil }
  }
}
