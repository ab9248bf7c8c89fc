internal import NIOHTTP1
internal import OCI

/// Begins and ends uploads of one blob (distribution-spec "Pushing blobs", "Mounting").
struct UploadStarter {
  let session: Session
  let source: RegistrySource
  let digest: Digest

  static let mostMounts = 3

  func start() async throws(Failure) -> Upload.Place {
    var request = RegistryRequest(.POST, .path("blobs/uploads/"), at: source, .push)
    request.headers.add(name: "Content-Length", value: "0")
    var reply = try await session.send(request)
    guard reply.status == 202 else { throw await reply.failure() }
    await reply.drain()
    return try place(reply)
  }

  /// - Returns: `nil` when the registry has the blob now, else an upload that was begun instead.
  func mount(from repository: String) async throws(Failure) -> Upload.Place? {
    let query = "mount=\(WebAddress.escaped("\(digest)"))&from=\(WebAddress.escaped(repository))"
    var request = RegistryRequest(.POST, .path("blobs/uploads/?\(query)"), at: source, .mount(repository))
    request.headers.add(name: "Content-Length", value: "0")
    var reply: Reply
    do {
      reply = try await session.send(request)
    } catch {
      // No right to read there says nothing about writing here.
      guard error.status == 401 else { throw error }
      return try await start()
    }
    switch reply.status {
    case 201:
      await reply.drain()
      return nil
    case 202:
      await reply.drain()
      return try place(reply)
    case 400, 403, 404, 405: return try await start()
    default: throw await reply.failure()
    }
  }

  /// Lets the registry forget what was begun; if it does not, it does so in time.
  func cancel(_ upload: Upload.Place) async {
    var reply = try? await session.send(RegistryRequest(.DELETE, .address(upload.address), at: source, .push))
    await reply?.drain()
  }

  private func place(_ reply: Reply) throws(Failure) -> Upload.Place {
    guard let address = reply.uploadAddress else { throw Failure("it does not say where to upload to") }
    // What some registries ask for, S3's 5 MB for example.
    let least = reply.header("OCI-Chunk-Min-Length").flatMap { Int64($0) } ?? 0
    return Upload.Place(address: address, leastChunk: max(0, least))
  }
}

extension Reply {
  /// Where an upload goes on, against the address of the request.
  var uploadAddress: WebAddress? {
    header("Location").flatMap { WebAddress($0, relativeTo: address) }
  }

  /// How many bytes an upload has, from `Range: 0-99`. One byte and none look the same; none is the safe reading.
  var uploadedBytes: Int64? {
    guard let range = header("Range") else { return nil }
    let text = range.hasPrefix("bytes=") ? range.dropFirst("bytes=".utf8.count) : range[...]
    let ends = text.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, ends[0] == "0", let last = Int64(ends[1]), last >= -1, last < Int64.max else { return nil }
    return last == 0 ? 0 : last + 1
  }
}
