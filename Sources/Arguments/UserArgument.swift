/// The ids of `exec --user UID[:GID]`.
///
/// Numbers only, in one spelling, or nothing at all: CVE-2026-30892 was a runtime in which a text that it half
/// understood became user 0.
package struct UserArgument: Equatable {
  package let uid: UInt32
  /// nil: the group stays the one that the container's process has.
  package let gid: UInt32?

  package init(_ text: String) throws(UsageError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let uid = parts.first.flatMap(Self.id) else { throw Self.refusal(text) }
    self.uid = uid
    if parts.count == 2 {
      guard let gid = Self.id(parts[1]) else { throw Self.refusal(text) }
      self.gid = gid
    } else {
      self.gid = nil
    }
  }

  /// 2^32 - 1 is no id: to the kernel it means "leave it as it is".
  private static func id(_ text: Substring) -> UInt32? {
    parseDecimal(text, upTo: UInt64(UInt32.max) - 1).map { UInt32($0) }
  }

  private static func refusal(_ text: String) -> UsageError {
    .expected("UID or UID:GID, numbers from 0 to 4294967294", for: "--user", found: text)
  }
}
