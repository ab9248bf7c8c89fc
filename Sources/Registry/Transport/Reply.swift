internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import OCI

/// A registry's answer: its head, and its body as it comes.
struct Reply {
  var status: Int
  var headers: HTTPHeaders
  /// Where it came from, after redirects.
  var address: WebAddress
  var body: ReplyBody

  /// The first value of a header, if it is one that a message or a comparison can bear.
  func header(_ name: String) -> String? {
    headers.first(name: name).flatMap { $0.utf8.count <= 16384 ? $0 : nil }
  }

  var isSuccess: Bool { (200..<300).contains(status) }

  /// Without parameters, in lower case.
  var contentType: String? {
    header("Content-Type").map { type in
      type.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
    }
  }

  var contentLength: Int64? { header("Content-Length").flatMap { Int64($0) } }

  /// How long the registry asks to wait; dates are not worth a calendar here.
  var retryAfter: Duration? {
    header("Retry-After").flatMap { UInt32($0) }.map { .seconds(Int64($0)) }
  }

  /// Reads a short body to its end, so that the connection can be used again.
  mutating func drain() async {
    _ = try? await body.collect(upTo: 8192)
  }

  /// What the answer means as an error, with the registry's own words.
  mutating func failure() async -> Failure {
    let text = try? await body.collect(upTo: 65536)
    let said = text.flatMap(Self.registryErrors)
    let plain = Self.meaning(of: status)
    var failure = Failure(said.map { "\(plain): \($0)" } ?? plain, status: status, retryAfter: retryAfter)
    if status == 408 || status == 425 || status == 429 || status >= 500 && status != 501 { failure.kind = .passing }
    if status == 400, let text, String(decoding: text, as: UTF8.self).contains("HTTP request to an HTTPS server") {
      failure = Failure("it speaks only HTTPS, and was asked without TLS", status: status)
    }
    return failure
  }

  private static func meaning(of status: Int) -> String {
    switch status {
    case 401: "not authorized (401)"
    case 403: "denied (403)"
    case 404: "not found (404)"
    case 429: "too many requests (429)"
    case 503: "not available now (503)"
    default: "it answers \(status)"
    }
  }

  /// `{"errors":[{"code":…,"message":…}]}` (distribution-spec "Error Codes"): the first of them.
  static func registryErrors(_ bytes: [UInt8]) -> String? {
    guard let json = try? JSON.parse(bytes), let error = json["errors"]?[0] else { return nil }
    let code = error["code"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    let message = error["message"]?.string.flatMap { $0.isEmpty ? nil : $0.quotedForMessage(limit: 200) }
    let isWord = code?.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (0x41...0x5A).contains($0) } ?? false
    let parts = [isWord ? code.map { String($0.prefix(40)) } : nil, message].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: " ")
  }
}

/// The bytes of an answer, one piece at a time: the next one is only asked for when the last one was dealt with.
struct ReplyBody {
  private var iterator: HTTPClientResponse.Body.AsyncIterator
  private let origin: Origin
  private let patience: Patience
  /// Bytes that came in the time waited; both start anew with each `patience.idle`.
  private var (bytes, waited): (Int, Duration) = (0, .zero)

  init(_ body: HTTPClientResponse.Body, from origin: Origin, _ patience: Patience) {
    (iterator, self.origin, self.patience) = (body.makeAsyncIterator(), origin, patience)
  }

  /// - Throws: when the connection breaks off, nothing comes, or what comes only drips.
  mutating func next() async throws(Failure) -> ByteBuffer? {
    let start = ContinuousClock.now
    let chunk: ByteBuffer?
    do { chunk = try await iterator.next() } catch { throw Failure(error, at: origin) }
    guard let chunk else { return nil }
    waited += ContinuousClock.now - start
    bytes += chunk.readableBytes
    if bytes >= patience.slowest {
      (bytes, waited) = (0, .zero)
    } else if waited > patience.idle {
      throw Failure("only \(bytes) bytes in \(patience.idle)", .passing)
    }
    return chunk
  }

  /// The whole of a body that has to be short.
  mutating func collect(upTo limit: Int) async throws(Failure) -> [UInt8] {
    var all: [UInt8] = []
    while let chunk = try await next() {
      guard all.count + chunk.readableBytes <= limit else { throw Failure("an answer of more than \(limit) bytes") }
      all.append(contentsOf: chunk.readableBytesView)
    }
    return all
  }
}
