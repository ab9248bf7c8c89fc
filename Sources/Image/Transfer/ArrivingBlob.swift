internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// A blob that is being downloaded to a file, and read by whoever unpacks it at the same time: the bytes are still in the
/// page cache then, and need no second way from the disk.
final class ArrivingBlob: Sendable {
  private struct State {
    var received: Int64
    var writeback = EarlyWriteback()
    /// Nothing more comes: all was received, or it failed.
    var isOver = false
    var failure: String?
    /// The reader gave up: there is no use in receiving more.
    var isAbandoned = false
  }

  let descriptor: ContentDescriptor
  private let file: CInt
  private let state: Monitor<State>

  /// - Parameters:
  ///   - file: open for reading and writing as long as this is used.
  ///   - received: how many bytes an earlier download left in it.
  init(_ descriptor: ContentDescriptor, file: CInt, received: Int64) {
    self.descriptor = descriptor
    self.file = file
    state = Monitor(State(received: received))
  }

  /// Adds what came. Only one thread does.
  func append(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
    let (start, isAbandoned) = state.wait { ($0.received, $0.isAbandoned) }
    if isAbandoned { throw ImageError("\(descriptor.digest): given up") }
    var written = 0
    while written < bytes.count {
      let count = retrying {
        pwrite(
          file, bytes.baseAddress?.advanced(by: written), bytes.count - written, off_t(start + Int64(written)))
      }
      guard count > 0 else {
        throw ImageError(
          SystemError("write download", "\(descriptor.digest)", errno: count < 0 ? .last : Errno(ENOSPC)))
      }
      written += count
    }
    var writeback = state.change { state in
      state.received = start + Int64(bytes.count)
      return state.writeback
    }
    // Outside: it may wait for the disk, and the reader need not.
    writeback.advance(file, to: start + Int64(bytes.count))
    state.change { $0.writeback = writeback }
  }

  /// No more bytes come.
  func finish(_ failure: String? = nil) {
    state.change {
      $0.isOver = true; $0.failure = failure
    }
  }

  func abandon() { state.change { $0.isAbandoned = true } }

  var received: Int64 { state.wait { $0.received } }

  /// Reads from the beginning, and waits for what has not come yet.
  struct Reader: ByteSource, Sendable {
    let blob: ArrivingBlob
    private var offset: Int64 = 0

    init(_ blob: ArrivingBlob) { self.blob = blob }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
      let start = offset
      let (available, failure) = blob.state.wait { state -> (Int64, String?)? in
        if state.received > start { return (state.received - start, nil) }
        return state.isOver ? (0, state.failure) : nil
      }
      if let failure { throw LayerError(failure) }
      let wanted = min(Int(available), buffer.count)
      if wanted == 0 { return 0 }
      let file = blob.file
      let count = retrying { pread(file, buffer.baseAddress, wanted, off_t(start)) }
      guard count > 0 else { throw LayerError("read download \(blob.descriptor.digest): \(Errno.last)") }
      offset += Int64(count)
      return count
    }
  }
}
