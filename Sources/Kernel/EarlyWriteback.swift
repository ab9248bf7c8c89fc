internal import CLinux

/// Has a file that grows written to the disk while it grows, so that the sync in the end has little left to wait for.
///
/// It is a hint: an error shows at that sync.
public struct EarlyWriteback: Sendable {
  /// Small enough for the disk to be busy all the time, large enough for writes in one piece.
  private static let step: Int64 = 16 << 20

  private var started: Int64 = 0

  public init() {}

  /// - Parameters:
  ///   - file: the descriptor's number.
  ///   - size: how much of the file is there by now, in bytes from its beginning.
  public mutating func advance(_ file: CInt, to size: Int64) {
    guard size - started >= Self.step else { return }
    _ = clinux_start_writeback(file, started, size - started)
    started = size
  }

  /// The same for a file that is complete.
  public static func begin(_ file: borrowing Descriptor) {
    _ = clinux_start_writeback(file.number, 0, 0)
  }
}
