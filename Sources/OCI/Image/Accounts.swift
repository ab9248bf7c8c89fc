/// The accounts of an image: its `/etc/passwd` and `/etc/group`.
///
/// Both are the image's: lines that make no sense are passed over, and numbers that are none are 0 as docker reads them,
/// but never for the entry that was asked for.
public struct Accounts: Sendable {
  let passwd: [UInt8]
  let group: [UInt8]

  /// Ids beyond are refused, as docker does.
  static let highest: UInt32 = 1 << 31 - 1

  public init(passwd: [UInt8], group: [UInt8]) {
    self.passwd = passwd
    self.group = group
  }

  /// Who a container's process is.
  public struct Identity: Sendable, Equatable {
    public var uid: UInt32 = 0
    public var gid: UInt32 = 0
    /// Supplementary groups, the primary one first, as docker has them.
    public var groups: [UInt32] = [0]
    /// `nil` when the passwd file has no such user.
    public var home: String?

    public init() {}
  }

  /// Finds `user`, `uid`, `user:group` and so on; an empty text is root. A number is an id also where a user has it as
  /// name, and needs no entry; without a group, the user's own and all that list it as member are taken.
  public func identity(of text: String) throws(ContainerRequestError) -> Identity {
    let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    let user = parts.first ?? ""
    let group = parts.count > 1 ? parts[1] : ""
    let uid = try Self.number(user)
    let gid = try Self.number(group)
    var identity = Identity()
    let entry = users { entry in
      if user.isEmpty { return entry.number(2) == 0 }
      return uid.map { entry.number(2) == $0 } ?? (entry.text(0) == user)
    }.first
    if let entry {
      guard let found = entry.number(2), let primary = entry.number(3) else {
        throw ContainerRequestError("unable to find user \(user): its entry in the passwd file has no valid ids")
      }
      (identity.uid, identity.gid, identity.home) = (found, primary, entry.text(5))
    } else if !user.isEmpty {
      guard let uid else {
        throw ContainerRequestError("unable to find user \(user): no matching entries in passwd file")
      }
      identity.uid = uid
    }
    guard group.isEmpty else {
      identity.gid = try number(ofGroup: group, gid)
      identity.groups = [identity.gid]
      return identity
    }
    identity.groups = [identity.gid]
    if let name = entry?.text(0) {
      identity.groups += groups { $0.text(3).split(separator: ",").contains { $0 == name } }.compactMap { $0.number(2) }
    }
    return identity
  }

  private func number(ofGroup name: String, _ gid: UInt32?) throws(ContainerRequestError) -> UInt32 {
    if let gid { return gid }
    guard let found = groups({ $0.text(0) == name }).first?.number(2) else {
      throw ContainerRequestError("unable to find group \(name): no matching entries in group file")
    }
    return found
  }

  /// `nil` for what is no number.
  private static func number(_ text: String) throws(ContainerRequestError) -> UInt32? {
    let digits = text.utf8.first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    guard let number = UInt32(text), number <= highest else {
      throw ContainerRequestError("uids and gids must be in range 0-\(highest)")
    }
    return number
  }

  // MARK: Lines

  private struct Entry {
    let fields: [Substring]

    func text(_ index: Int) -> String { index < fields.count ? String(fields[index]) : "" }

    func number(_ index: Int) -> UInt32? {
      guard index < fields.count, let number = UInt32(fields[index]), number <= Accounts.highest else { return nil }
      return number
    }
  }

  private func users(where matches: (Entry) -> Bool) -> [Entry] { Self.entries(passwd, where: matches) }
  private func groups(_ matches: (Entry) -> Bool) -> [Entry] { Self.entries(group, where: matches) }

  /// Lines may begin with blanks; `#` begins a comment.
  private static func entries(_ bytes: [UInt8], where matches: (Entry) -> Bool) -> [Entry] {
    var found: [Entry] = []
    for line in bytes.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
      let line = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
      guard let first = line.first, first != UInt8(ascii: "#") else { continue }
      let text = String(decoding: line, as: UTF8.self)
      let entry = Entry(fields: text.split(separator: ":", omittingEmptySubsequences: false))
      if matches(entry) { found.append(entry) }
    }
    return found
  }
}
