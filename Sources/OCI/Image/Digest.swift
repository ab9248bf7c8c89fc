/// The name of content by its hash (image-spec, descriptor.md "Digests"): `sha256:` and 64 hexadecimal digits.
public struct Digest: Sendable, Hashable, CustomStringConvertible {
  public enum Algorithm: String, Sendable, CaseIterable {
    case sha256, sha512

    /// Digits of a digest.
    public var digits: Int { self == .sha256 ? 64 : 128 }
  }

  public let algorithm: Algorithm
  /// Lower case; only digits, so it is safe as a file's name.
  public let hex: String

  /// - Throws: for other algorithms, wrong lengths and capital letters, all of which the specification refuses.
  public init(validating text: some StringProtocol) throws(InvalidDigest) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2,
      let algorithm = Algorithm.allCases.first(where: { $0.rawValue.utf8.elementsEqual(parts[0].utf8) }),
      let digest = Digest(algorithm, hex: String(parts[1]))
    else { throw InvalidDigest(text: String(text)) }
    self = digest
  }

  public init?(_ algorithm: Algorithm = .sha256, hex: String) {
    let isHex = hex.utf8.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
    guard isHex, hex.utf8.count == algorithm.digits else { return nil }
    self.algorithm = algorithm
    self.hex = hex
  }

  /// From the hash itself: 32 bytes.
  public init(sha256 hash: some Sequence<UInt8>) { self.init(.sha256, hash: hash) }

  /// From the hash itself: 64 bytes.
  public init(sha512 hash: some Sequence<UInt8>) { self.init(.sha512, hash: hash) }

  private init(_ algorithm: Algorithm, hash: some Sequence<UInt8>) {
    self.algorithm = algorithm
    hex = String(decoding: hash.flatMap { [Self.digit($0 >> 4), Self.digit($0 & 15)] }, as: UTF8.self)
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// The hash itself: 32 or 64 bytes.
  public var bytes: [UInt8] {
    let digits = hex.utf8.map { $0 < UInt8(ascii: "a") ? $0 - UInt8(ascii: "0") : $0 - UInt8(ascii: "a") + 10 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// Where the content lies in an OCI layout (image-layout.md): `blobs/sha256/HEX`.
  public var blobPath: String { "blobs/\(algorithm.rawValue)/\(hex)" }

  public var description: String { "\(algorithm.rawValue):\(hex)" }
  /// Twelve digits, as docker shows ids.
  public var short: String { String(hex.prefix(12)) }
}

/// A text that is no digest.
public struct InvalidDigest: Error, Sendable, Equatable, CustomStringConvertible {
  public let text: String

  public var description: String {
    "invalid digest \(quoted(text)): expected sha256: and 64 hexadecimal digits (or sha512: and 128)"
  }
}
