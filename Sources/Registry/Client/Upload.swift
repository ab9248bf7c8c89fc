internal import NIOHTTP1
internal import OCI

/// One blob on its way to a registry: whole in one request if it is small, in chunks if not, and taken up again where the
/// registry says it ended.
struct Upload {
  /// Where an upload goes on. The address changes with each answer.
  struct Place {
    var address: WebAddress
    var leastChunk: Int64 = 0
  }

  private let starter: UploadStarter
  private let descriptor: ContentDescriptor
  private let file: CInt
  private let progress: (@Sendable (Int64) -> Void)?

  private var place: Place?
  /// Bytes that the registry has.
  private var done: Int64 = 0
  private var chunk: Int64
  /// Whether a connection broke off. The whole in one request may be too much for it, and some registries (distribution
  /// before 3) cannot go on after half a request: from then on no connection has to last longer than one small chunk.
  private var isCareful = false
  private var wasResumed = false

  private static let smallestChunk: Int64 = 1 << 20

  init(
    _ starter: UploadStarter, _ descriptor: ContentDescriptor, _ file: CInt, _ progress: (@Sendable (Int64) -> Void)?,
    at place: Place?
  ) {
    (self.starter, self.descriptor, self.file, self.progress) = (starter, descriptor, file, progress)
    (self.place, chunk) = (place, starter.session.configuration.uploadChunk)
  }

  /// - Parameter isThere: whether the registry has the blob: an answer that was lost may have been a good one.
  mutating func run(_ isThere: () async throws(Failure) -> Bool) async throws(Failure) {
    let patience = starter.session.configuration.patience
    var (attempt, most) = (0, Int64(0))
    while true {
      do throws(Failure) {
        return try await attemptOnce()
      } catch {
        if done > most { (attempt, most) = (0, done) }
        attempt += 1
        var failure = error
        // The registry has forgotten the upload, is somewhere else in it, or got damaged bytes: those are worth a new start.
        let isAstray = [404, 416].contains(failure.status) || (wasResumed && failure.status == 400)
        if isAstray && place != nil || (failure.kind == .connection && most > 0) { failure.kind = .passing }
        try await patience.wait(after: failure, attempt: attempt)
        if (try? await isThere()) == true { return }
        await resume(anew: failure.status == 404 || failure.status == 400)
      }
    }
  }

  private mutating func attemptOnce() async throws(Failure) {
    let place: Place
    if let begun = self.place { place = begun } else { place = try await starter.start() }
    self.place = place
    let size = descriptor.size
    if done == 0, !isCareful, size <= max(chunk, place.leastChunk) {
      let whole = FileRange(descriptor: file, offset: 0, count: size, progress: progress)
      return try await close(place, size == 0 ? .none : .file(whole))
    }
    while done < size { try await sendChunk() }
    try await close(self.place ?? place, .none)
  }

  private mutating func sendChunk() async throws(Failure) {
    guard let place else { throw Failure("no upload") }
    let count = min(max(chunk, place.leastChunk), descriptor.size - done)
    var request = RegistryRequest(.PATCH, .address(place.address), at: starter.source, .push)
    request.headers.add(name: "Content-Type", value: "application/octet-stream")
    request.headers.add(name: "Content-Range", value: "\(done)-\(done + count - 1)")
    request.headers.add(name: "Content-Length", value: "\(count)")
    if isCareful { request.headers.add(name: "Connection", value: "close") }
    request.body = .file(FileRange(descriptor: file, offset: done, count: count, progress: progress))
    var reply = try await starter.session.send(request)
    guard reply.status == 202 || reply.status == 201 || reply.status == 204 else { throw await reply.failure() }
    await reply.drain()
    if let address = reply.uploadAddress { self.place?.address = address }
    // It may have taken less.
    let has = reply.uploadedBytes ?? done + count
    guard has > done, has <= done + count else {
      throw Failure("it has \(has) bytes of the upload, not \(done + count)", status: 416)
    }
    done = has
  }

  private func close(_ place: Place, _ body: WebRequest.Body) async throws(Failure) {
    let address = place.address.adding("digest", "\(descriptor.digest)")
    var request = RegistryRequest(.PUT, .address(address), at: starter.source, .push)
    request.headers.add(name: "Content-Type", value: "application/octet-stream")
    if case .file(let range) = body {
      request.headers.add(name: "Content-Length", value: "\(range.count)")
    } else {
      request.headers.add(name: "Content-Length", value: "0")
    }
    request.body = body
    var reply = try await starter.session.send(request)
    guard reply.isSuccess else { throw await reply.failure() }
    await reply.drain()
  }

  /// Finds out what the registry has of the upload; where it does not say, all starts anew.
  private mutating func resume(anew: Bool) async {
    isCareful = true
    chunk = max(Self.smallestChunk, chunk / 4)
    if !anew, let place, let status = try? await status(place) {
      (done, self.place) = status
      wasResumed = wasResumed || done > 0
      return
    }
    if let place { await starter.cancel(place) }
    (place, done, wasResumed) = (nil, 0, false)
  }

  private func status(_ place: Place) async throws(Failure) -> (Int64, Place) {
    let request = RegistryRequest(.GET, .address(place.address), at: starter.source, .push)
    var reply = try await starter.session.send(request)
    guard reply.isSuccess, let has = reply.uploadedBytes, has <= descriptor.size else { throw await reply.failure() }
    await reply.drain()
    return (has, Place(address: reply.uploadAddress ?? place.address, leastChunk: place.leastChunk))
  }
}
