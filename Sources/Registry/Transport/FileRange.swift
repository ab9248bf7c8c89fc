internal import Glibc
internal import Kernel
internal import NIOCore
internal import NIOPosix

/// A part of an open file as the body of a request.
struct FileRange: AsyncSequence, Sendable {
  typealias Element = ByteBuffer

  /// Open as long as the request lasts.
  var descriptor: CInt
  var offset: Int64
  var count: Int64
  /// Is told how many bytes of the file were handed to the network.
  var progress: (@Sendable (Int64) -> Void)?

  private static let piece: Int64 = 256 << 10

  func makeAsyncIterator() -> Iterator { Iterator(range: self) }

  struct Iterator: AsyncIteratorProtocol {
    let range: FileRange
    private var done: Int64 = 0

    init(range: FileRange) { self.range = range }

    mutating func next() async throws -> ByteBuffer? {
      guard done < range.count else { return nil }
      let (descriptor, position) = (range.descriptor, range.offset + done)
      let wanted = Int(Swift.min(FileRange.piece, range.count - done))
      // A disk may take its time, and the threads that tasks share must not.
      let chunk = try await NIOThreadPool.singleton.runIfActive {
        var buffer = ByteBufferAllocator().buffer(capacity: wanted)
        let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { target in
          Swift.max(0, retrying { pread(descriptor, target.baseAddress, wanted, off_t(position)) })
        }
        guard count > 0 else { throw Registry.Failure("the file is shorter than the blob, or cannot be read") }
        return buffer
      }
      done += Int64(chunk.readableBytes)
      range.progress?(range.offset + done)
      return chunk
    }
  }
}
