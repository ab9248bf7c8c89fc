internal import Kernel
internal import NIOCore
internal import NIOHTTP1

/// A file of the web, for `ADD`: no registry, and nobody's credentials.
public enum WebFile {
  private static let mostRedirects = 5

  /// What was fetched.
  public struct Head: Sendable {
    /// As the server sent it.
    public var lastModified: String?
    public var size: Int64
  }

  /// Fetches a file.
  ///
  /// - Parameters:
  ///   - limit: bytes beyond which it is given up.
  ///   - body: is given the bytes as they come.
  public static func fetch(
    _ text: String, _ configuration: RegistryConfiguration, limit: Int64,
    _ body: ([UInt8]) throws -> Void
  ) async throws -> Head {
    let transport = Transport(configuration)
    do {
      let head = try await fetch(text, transport, limit, body)
      await transport.shutdown()
      return head
    } catch {
      await transport.shutdown()
      if let failure = error as? Failure { throw RegistryError("get \(text)", failure) }
      throw error
    }
  }

  private static func fetch(
    _ text: String, _ transport: Transport, _ limit: Int64, _ body: ([UInt8]) throws -> Void
  ) async throws -> Head {
    guard var address = WebAddress(text) else { throw RegistryError("get \(text): not an address of http or https") }
    for _ in 0...mostRedirects {
      var reply = try await transport.execute(WebRequest(address: address))
      if [301, 302, 303, 307, 308].contains(reply.status) {
        guard let location = reply.header("Location"), let next = WebAddress(location, relativeTo: address),
          next.origin.isSecure || !address.origin.isSecure
        else { throw RegistryError("get \(text): a redirect that is refused") }
        await reply.drain()
        address = next
        continue
      }
      guard reply.isSuccess else { throw RegistryError("get \(text): \(reply.status)", status: reply.status) }
      if let length = reply.contentLength, length > limit { throw tooLarge(text, limit) }
      var size: Int64 = 0
      while let chunk = try await reply.body.next() {
        size += Int64(chunk.readableBytes)
        guard size <= limit else { throw tooLarge(text, limit) }
        try body(Array(chunk.readableBytesView))
      }
      return Head(lastModified: reply.header("Last-Modified"), size: size)
    }
    throw RegistryError("get \(text): more than \(mostRedirects) redirects")
  }

  private static func tooLarge(_ text: String, _ limit: Int64) -> RegistryError {
    RegistryError("get \(text): larger than the limit of \(limit) bytes")
  }
}
