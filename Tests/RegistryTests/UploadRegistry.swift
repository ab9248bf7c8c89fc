import Synchronization

/// A registry that keeps one upload, and what happens to it: docker-registry 2.8 takes no upload up again.
final class UploadRegistry: Sendable {
  struct State: Sendable {
    var bytes: [UInt8] = []
    var isDone = false
    /// The sizes of the requests that brought bytes, a cut one with what arrived.
    var pieces: [Int] = []
    /// What to do with the next request that brings bytes, in turn; afterwards all is well.
    var troubles: [Trouble]
    /// What the address of the upload ends in: it changes with each answer.
    var turn = 0
  }

  enum Trouble: Sendable {
    /// So many bytes arrive.
    case cut(Int)
    /// All arrives, the answer gets lost.
    case deaf
    case status(Int)
    /// It says that it is somewhere else.
    case outOfRange
    /// It knows nothing of the upload any more.
    case forget
  }

  private let shared: Shared
  let server: ScriptedServer

  private final class Shared: Sendable {
    let state: Mutex<State>
    let leastChunk: Int

    init(_ state: State, _ leastChunk: Int) {
      self.state = Mutex(state)
      self.leastChunk = leastChunk
    }
  }

  var state: State { shared.state.withLock { $0 } }

  init(_ troubles: [Trouble], leastChunk: Int = 0) throws {
    let shared = Shared(State(troubles: troubles), leastChunk)
    self.shared = shared
    server = try ScriptedServer { request in shared.state.withLock { $0.answer(request, shared.leastChunk) } }
  }
}

extension UploadRegistry.State {
  fileprivate mutating func answer(_ request: ScriptedServer.Request, _ leastChunk: Int) -> [ScriptedServer.Step] {
    switch (request.method, request.path) {
    case ("GET", "/v2/"): return .reply(200)
    case ("HEAD", _): return .reply(isDone ? 200 : 404)
    case ("POST", _):
      (bytes, turn) = ([], turn + 100)
      return place(202, [("OCI-Chunk-Min-Length", "\(leastChunk)")])
    case ("DELETE", _): return .reply(204)
    case _ where request.path != "/v2/app/blobs/uploads/\(turn)":
      return .reply(404, [], text: #"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"#)
    case ("GET", _): return place(204, [])
    default: return take(request)
    }
  }

  private mutating func take(_ request: ScriptedServer.Request) -> [ScriptedServer.Step] {
    if request.method == "PATCH", request.headers["content-range"]?.hasPrefix("\(bytes.count)-") != true {
      return place(416, [])
    }
    let trouble = request.body.isEmpty || troubles.isEmpty ? nil : troubles.removeFirst()
    switch trouble {
    case .cut(let count):
      bytes += request.body.prefix(count)
      pieces.append(count)
      return []
    case .status(let status): return .reply(status)
    case .outOfRange:
      bytes += request.body.prefix(1000)
      return place(416, [])
    case .forget:
      turn += 50
      return .reply(404)
    case .deaf, nil: break
    }
    bytes += request.body
    if !request.body.isEmpty { pieces.append(request.body.count) }
    if request.method == "PUT" { isDone = true }
    if case .deaf = trouble { return [] }
    return request.method == "PUT" ? .reply(201) : place(202, [])
  }

  private mutating func place(_ status: Int, _ headers: [(String, String)]) -> [ScriptedServer.Step] {
    turn += 1
    let range = "0-\(max(0, bytes.count - 1))"
    return .reply(status, headers + [("Location", "/v2/app/blobs/uploads/\(turn)?state=a%3D"), ("Range", range)])
  }
}
