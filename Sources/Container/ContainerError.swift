public import Kernel

/// The error of the module Container: which step failed, on what, why, and what a command exits with.
public struct ContainerError: Error, Sendable, CustomStringConvertible {
  /// The verb, as a person would say it; empty when the reason says it all.
  public let step: String
  /// The path, name or id that the step was about; may be empty.
  public let subject: String
  public let reason: String
  /// 1, or 126 and 127 for a program that cannot be executed or is not there.
  public let exitCode: Int32
  /// The system call that failed, for `--debug`.
  public let cause: SystemError?

  public init(_ step: String, _ subject: String, _ reason: String, exitCode: Int32 = 1, cause: SystemError? = nil) {
    self.step = step
    self.subject = subject
    self.reason = reason
    self.exitCode = exitCode
    self.cause = cause
  }

  /// A sentence that engines look for and that stays as it is.
  public init(_ reason: String, cause: SystemError? = nil) {
    self.init("", "", reason, cause: cause)
  }

  public init(_ error: SystemError) {
    if error.errno.code == 0 {
      self.init("", "", error.description, cause: error)
    } else {
      self.init(error.step, error.subject, error.errno.description, cause: error)
    }
  }

  /// One line: `step subject: reason`.
  public var description: String {
    if step.isEmpty && subject.isEmpty { return reason }
    let what = step.isEmpty || subject.isEmpty ? step + subject : "\(step) \(subject)"
    return "\(what): \(reason)"
  }

  /// The system's error number, if there is one.
  public var errno: Errno? { cause?.errno }
}

/// Runs something of the module Kernel, whose error becomes this module's.
func translating<Result: ~Copyable>(
  _ body: () throws(SystemError) -> Result
) throws(ContainerError) -> Result {
  do throws(SystemError) {
    return try body()
  } catch {
    throw ContainerError(error)
  }
}
