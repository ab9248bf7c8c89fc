internal import OCI

/// A word of EXPOSE, expanded: `80`, `53/udp`, `8000-8010/tcp`.
public struct PortSpecification: Sendable, Equatable {
  public var ports: ClosedRange<UInt16>
  /// `tcp`, `udp` or `sctp`.
  public var transport: String
  /// The protocol was written as the language has it.
  public var isInLowerCase: Bool
  /// There was an address or a port of the host, which means nothing in an image.
  public var hasHostPart: Bool

  /// - Throws: for what are no ports.
  public init(parsing text: String) throws(DockerfileError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let (numbers, written) = parts[parts.count - 1].cut(at: "/") ?? (parts[parts.count - 1], "")
    let transport = written.isEmpty ? "tcp" : written.lowercased()
    guard ["tcp", "udp", "sctp"].contains(transport), let ports = Self.range(numbers),
      parts.count == 1 || parts[parts.count - 2].isEmpty || Self.range(parts[parts.count - 2]) != nil
    else {
      throw DockerfileError(
        "EXPOSE: expected PORT or FIRST-LAST, perhaps with /tcp, /udp or /sctp, found \(text.quotedForMessage())",
        line: 0)
    }
    (self.ports, self.transport) = (ports, transport)
    isInLowerCase = written == written.lowercased()
    hasHostPart = parts.dropLast().contains { !$0.isEmpty }
  }

  private static func range(_ text: String) -> ClosedRange<UInt16>? {
    let (low, high) = text.cut(at: "-") ?? (text, text)
    guard let first = port(low), let last = port(high), first <= last else { return nil }
    return first...last
  }

  private static func port(_ text: String) -> UInt16? {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt16(text) : nil
  }
}
