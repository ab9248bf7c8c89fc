internal import Glibc

/// A system call's error number, printed in the words that users of other runtimes know.
public struct Errno: Error, Sendable, Equatable, CustomStringConvertible {
  public let code: CInt

  public init(_ code: CInt) { self.code = code }

  /// The number that the last failed call of this thread left.
  public static var last: Errno { Errno(Glibc.errno) }

  /// glibc's text with a small first letter, as Go prints it: engines look for "no such file or directory".
  public var description: String {
    guard let text = strerror(code) else { return "error \(code)" }
    var words = String(cString: text)
    if let first = words.utf8.first, UInt8(ascii: "A") <= first, first <= UInt8(ascii: "Z") {
      words.replaceSubrange(..<words.index(after: words.startIndex), with: [Character(UnicodeScalar(first + 32))])
    }
    return words
  }

  public static let notPermitted = Errno(EPERM)
  public static let noEntry = Errno(ENOENT)
  public static let noProcess = Errno(ESRCH)
  public static let again = Errno(EAGAIN)
  public static let exists = Errno(EEXIST)
  public static let busy = Errno(EBUSY)
  public static let invalid = Errno(EINVAL)
  public static let noSystemCall = Errno(ENOSYS)
  public static let notDirectory = Errno(ENOTDIR)
  public static let isDirectory = Errno(EISDIR)
  public static let accessDenied = Errno(EACCES)
  public static let notSupported = Errno(EOPNOTSUPP)
}

/// The error of the module Kernel: which step failed, on what, and why.
public struct SystemError: Error, Sendable, CustomStringConvertible {
  /// The verb, as a person would say it: "open", "mount overlay", "write cgroup limit".
  public let step: String
  /// The path, name or pid that the step was about; may be empty.
  public let subject: String
  public let errno: Errno

  public init(_ step: String, _ subject: String = "", errno: Errno = .last) {
    self.step = step
    self.subject = subject
    self.errno = errno
  }

  /// A refusal that no system call made: the reason says it all.
  public static func refusal(_ reason: String) -> SystemError { SystemError(reason, errno: Errno(0)) }

  public var description: String {
    let what = subject.isEmpty ? step : "\(step) \(subject)"
    return errno.code == 0 ? what : "\(what): \(errno)"
  }
}
