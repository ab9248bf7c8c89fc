internal import Crypto

/// What a blob turned out to be. Hashes are SHA-256, 32 bytes.
public struct LayerFacts: Sendable, Equatable {
  /// Of the blob as it came: the digest of the layer's descriptor in a manifest.
  public var blobHash: [UInt8]
  public var blobSize: UInt64
  /// Of the archive, to its very end: the diff ID.
  public var diffHash: [UInt8]
  public var archiveSize: UInt64
  public var entries: Int
  public var compression: Compression
}

/// What a blob has to be; `nil` is anything.
public struct LayerExpectation: Sendable, Equatable {
  public var blobHash: [UInt8]?
  public var blobSize: UInt64?
  public var diffHash: [UInt8]?

  public init(blobHash: [UInt8]? = nil, blobSize: UInt64? = nil, diffHash: [UInt8]? = nil) {
    self.blobHash = blobHash
    self.blobSize = blobSize
    self.diffHash = diffHash
  }

  /// A blob that is too large already: no more of it is looked at.
  func checkSize(_ size: UInt64) throws(LayerError) {
    if let blobSize, size > blobSize {
      throw LayerError("layer blob: larger than the \(blobSize) bytes that are expected")
    }
  }

  func check(_ facts: LayerFacts) throws(LayerError) {
    if let blobSize, facts.blobSize != blobSize {
      throw LayerError("layer blob: \(facts.blobSize) bytes where \(blobSize) are expected")
    }
    try Self.check("layer blob", facts.blobHash, blobHash)
    try Self.check("layer archive", facts.diffHash, diffHash)
  }

  private static func check(_ what: String, _ found: [UInt8], _ expected: [UInt8]?) throws(LayerError) {
    guard let expected, expected != found else { return }
    throw LayerError("\(what): its digest is sha256:\(hex(found)) where sha256:\(hex(expected)) is expected")
  }

  private static func hex(_ hash: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in hash { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }
}

/// A SHA-256 that is on its way, and of how many bytes.
final class ContentHash {
  private var hash = SHA256()
  private(set) var size: UInt64 = 0
  /// Nobody wants it.
  var isSkipped = false

  func update(_ bytes: UnsafeRawBufferPointer) {
    size += UInt64(bytes.count)
    if !isSkipped { hash.update(bufferPointer: bytes) }
  }

  func finish() -> [UInt8] { Array(hash.finalize()) }
}
