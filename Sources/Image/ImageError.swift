public import Kernel
internal import Layers
internal import OCI
internal import Registry
internal import Store

/// The error of the module Image: one line that names the step, the image and the reason.
public struct ImageError: Error, Sendable, CustomStringConvertible {
  public let description: String
  /// The system's reason, if it was one.
  public let errno: Errno?

  public init(_ description: String, errno: Errno? = nil) {
    self.description = description
    self.errno = errno
  }

  /// An error of a part below, or of the system, which say all that there is to say.
  init(_ error: any Error) {
    switch error {
    case let error as ImageError: self = error
    case let error as StoreError: self.init(error.description, errno: error.errno)
    case let error as LayerError: self.init(error.description, errno: error.errno)
    case let error as SystemError: self.init(error.description, errno: error.errno)
    case is CancellationError: self.init("interrupted")
    default: self.init("\(error)")
    }
  }

  /// The same, with what was being done before it.
  func during(_ step: String) -> ImageError { ImageError("\(step): \(description)", errno: errno) }
}

/// Runs what fails with another part's error.
func rethrowing<Value: ~Copyable, Failure: Error>(_ body: () throws(Failure) -> Value) throws(ImageError) -> Value {
  do { return try body() } catch { throw ImageError(error) }
}
