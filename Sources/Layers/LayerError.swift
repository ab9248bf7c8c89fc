public import Kernel

/// The error of the module Layers: one line that names the layer's part, the entry and the reason.
public struct LayerError: Error, Sendable, CustomStringConvertible {
  public let description: String
  /// The system's reason, if it was one.
  public let errno: Errno?

  public init(_ description: String, errno: Errno? = nil) {
    self.description = description
    self.errno = errno
  }

  public init(_ error: SystemError) {
    self.init(error.description, errno: error.errno)
  }
}
