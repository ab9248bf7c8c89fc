internal import Glibc

/// A release of Linux, for what only its number tells: where trying would come too late, or break something.
public struct KernelVersion: Sendable, Comparable, CustomStringConvertible {
  public var major: Int
  public var minor: Int

  public init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// Reads `6.12.1-amd64`; `nil` if it does not begin with two numbers.
  public init?(release: String) {
    let numbers = release.split(separator: ".", maxSplits: 2).prefix(2)
      .map { $0.prefix { $0.isASCII && $0.isNumber } }.compactMap { Int($0) }
    guard numbers.count == 2 else { return nil }
    self.init(numbers[0], numbers[1])
  }

  /// The running kernel's (uname(2)).
  public static let running: KernelVersion? = {
    var name = utsname()
    guard uname(&name) == 0 else { return nil }
    return withUnsafeBytes(of: &name.release) { bytes in
      KernelVersion(release: String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
    }
  }()

  public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }

  public var description: String { "\(major).\(minor)" }
}
