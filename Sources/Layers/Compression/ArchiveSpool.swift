internal import CLinux
internal import Crypto
internal import Glibc
internal import Kernel

/// Keeps an archive until it is compressed: in memory while it is small, then in a file without a name. Knows its digest.
public final class ArchiveSpool: ByteSink {
  private static let mostInMemory = 1 << 20

  private let directory: String
  private let next: (any ByteSink)?
  private var hash = SHA256()
  private var bytes: [UInt8] = []
  private var file: FileSink?
  private var descriptor: CInt = -1

  /// - Parameters:
  ///   - directory: where the file would be.
  ///   - next: what else gets the bytes.
  public init(in directory: String, then next: (any ByteSink)? = nil) {
    self.directory = directory
    self.next = next
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The SHA-256 of all that came, 32 bytes.
  public var digest: [UInt8] { Array(hash.finalize()) }

  public func write(_ piece: UnsafeRawBufferPointer) throws(LayerError) {
    hash.update(bufferPointer: piece)
    bytes.append(contentsOf: piece)
    if bytes.count > Self.mostInMemory { try spill() }
    try next?.write(piece)
  }

  private func spill() throws(LayerError) {
    let sink: FileSink
    if let file {
      sink = file
    } else {
      descriptor = clinux_nameless_file(directory)
      guard descriptor >= 0 else { throw LayerError(SystemError("spool archive in", directory)) }
      sink = FileSink(descriptor)
      file = sink
    }
    try sink.write(bytes)
    bytes.removeAll(keepingCapacity: true)
  }

  /// Writes everything to another sink.
  public func replay(to sink: any ByteSink) throws(LayerError) {
    guard file != nil else { return try sink.write(bytes) }
    try spill()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
    defer { buffer.deallocate() }
    var offset: off_t = 0
    while true {
      let count = retrying { pread(descriptor, buffer.baseAddress, buffer.count, offset) }
      guard count >= 0 else { throw LayerError(SystemError("read spooled archive")) }
      if count == 0 { return }
      try sink.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      offset += off_t(count)
    }
  }
}
