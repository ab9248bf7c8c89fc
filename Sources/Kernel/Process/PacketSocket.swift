internal import CLinux
internal import Glibc

/// One end of a pair of connected sockets that keep messages apart and carry descriptors.
public struct PacketSocket: ~Copyable, Sendable {
  public let descriptor: Descriptor

  /// Takes over a socket that is connected.
  public init(descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// Sends one byte, with a descriptor if `fd` is not -1; the receiver gets a copy of it.
  public func send(_ byte: UInt8, fd: CInt = -1) throws(SystemError) {
    var byte = byte
    let number = descriptor.number
    guard retrying({ clinux_send(number, &byte, 1, fd) }) == 1 else { throw SystemError("answer the stage") }
  }

  /// The next message, at most as large as `Message`; `nil` when the other end is closed.
  ///
  /// - Returns: the bytes that came (the rest of the message is zero), their count, and a descriptor or -1 that the
  ///   caller owns.
  public func receive<Message: BitwiseCopyable>(into message: inout Message) throws(SystemError) -> (Int, CInt)? {
    let number = descriptor.number
    var fd: CInt = -1
    let count = withUnsafeMutableBytes(of: &message) { buffer -> Int in
      guard let base = buffer.baseAddress else { return 0 }
      return retrying { clinux_receive(number, base, buffer.count, &fd) }
    }
    // A peer that was killed with unread messages resets the connection: gone is gone.
    if count < 0, errno == ECONNRESET { return nil }
    guard count >= 0 else { throw SystemError("hear from the stage") }
    return count == 0 ? nil : (count, fd)
  }
}

/// Both ends of a packet socket, close-on-exec.
public struct PacketPair: ~Copyable, Sendable {
  public let ours: PacketSocket
  public let theirs: Descriptor

  public init() throws(SystemError) {
    var numbers: [CInt] = [-1, -1]
    guard clinux_packet_pair(&numbers) == 0 else { throw SystemError("make socket pair") }
    ours = PacketSocket(descriptor: Descriptor(adopting: numbers[0]))
    theirs = Descriptor(adopting: numbers[1])
  }

  /// Our end only: with theirs closed here, end of file means that the other side is gone.
  public consuming func keepOurs() -> PacketSocket { ours }
}
