/// A container's name: also the name of its state's directory, so nothing in it may mean anything to a path.
public struct ContainerID: Sendable, Hashable, CustomStringConvertible {
  /// 1 to 250 of `A-Z a-z 0-9 _ + - .`, the first no dot.
  public let value: String

  /// File names end at 255 bytes (NAME_MAX); suffixes need some.
  public static let longest = 250

  /// runc lets a dot come first. Such names are hidden files and, together with a suffix, look like temporary ones:
  /// they are refused here, as `.` and `..` have to be.
  ///
  /// - Throws: `invalid container ID format: "…"`, runc's words.
  public init(validating id: String) throws(InvalidContainerID) {
    let bytes = id.utf8
    let isName = bytes.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isName, let first = bytes.first, first != UInt8(ascii: "."), bytes.count <= Self.longest else {
      throw InvalidContainerID(id: id)
    }
    value = id
  }

  public var description: String { value }
}

/// A name that no container can have.
public struct InvalidContainerID: Error, Sendable, Equatable, CustomStringConvertible {
  public let id: String

  /// One line; engines know its beginning.
  public var description: String { "invalid container ID format: \(quoted(id))" }
}
