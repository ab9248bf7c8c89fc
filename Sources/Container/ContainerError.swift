public import Kernel

/// The error of the module Container: one line for the user, and the exit status that goes with it.
public struct ContainerError: Error, Sendable, CustomStringConvertible {
  public let description: String
  /// 1, or 126 and 127 for a program that cannot be executed or is not there.
  public let exitCode: Int32
  /// The system's reason, where there is one.
  public let errno: Errno?

  public init(_ message: String, exitCode: Int32 = 1, errno: Errno? = nil) {
    description = message
    self.exitCode = exitCode
    self.errno = errno
  }

  public init(_ error: SystemError) { self.init("\(error)", errno: error.errno) }

  /// runc's words: engines look for them.
  static let notFound = ContainerError("container does not exist", errno: .noEntry)
  static let inUse = ContainerError("container with given ID already exists", errno: .exists)
}

/// Runs Kernel's calls with this module's error.
func kernel<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(ContainerError) -> Result {
  do { return try body() } catch { throw ContainerError(error) }
}
