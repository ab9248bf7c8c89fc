public import Kernel

/// The error of the image store: one line that names the step, the image or file, and the reason.
public struct StoreError: Error, Sendable, CustomStringConvertible {
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

  /// Nobody has stored an image of that name.
  public static func noImage(_ name: String) -> StoreError {
    StoreError("no such image: \(name)", errno: .noEntry)
  }

  /// Whether it is only that there is no such image.
  public var isNoImage: Bool { errno == .noEntry && description.hasPrefix("no such image") }
}

/// Runs what fails with a system's error.
func system<Value: ~Copyable>(_ body: () throws(SystemError) -> Value) throws(StoreError) -> Value {
  do { return try body() } catch { throw StoreError(error) }
}

/// The bytes of a file; `nil` when there is none.
func readIfThere(_ path: String, limit: Int) throws(StoreError) -> [UInt8]? {
  do throws(SystemError) {
    return try readFile(path, limit: limit)
  } catch {
    if error.errno == .noEntry { return nil }
    throw StoreError(error)
  }
}
