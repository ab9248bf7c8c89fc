import Testing

@testable import OCI

@Suite("Users and groups of an image")
struct AccountsTests {
  private let accounts = Accounts(
    passwd: Array(
      """
      # a comment
      root:x:0:0:root:/root:/bin/sh
        app:x:1000:1001:An app:/home/app:/bin/sh
      app:x:1:1::/other:
      bad:x:no:0::/:
      short
      42:x:7:7::/seven:
      """.utf8),
    group: Array(
      """
      root:x:0:root
      staff:x:50:app,other
      wheel:x:10:other,app
      app:x:1001:
      """.utf8))

  @Test(
    "What docker makes of a user's text",
    arguments: [
      ("", 0, 0, [0, 0], "/root"), ("root", 0, 0, [0, 0], "/root"), ("app", 1000, 1001, [1001, 50, 10], "/home/app"),
      ("1000", 1000, 1001, [1001, 50, 10], "/home/app"), ("app:50", 1000, 50, [50], "/home/app"),
      ("app:staff", 1000, 50, [50], "/home/app"), ("app:4711", 1000, 4711, [4711], "/home/app"),
      ("4711", 4711, 0, [0], nil), ("4711:staff", 4711, 50, [50], nil), (":staff", 0, 50, [50], "/root"),
      // A number is an id, also where it is a name.
      ("42", 42, 0, [0], nil), ("0", 0, 0, [0, 0], "/root"),
    ] as [(String, UInt32, UInt32, [UInt32], String?)])
  func finds(text: String, uid: UInt32, gid: UInt32, groups: [UInt32], home: String?) throws {
    let identity = try accounts.identity(of: text)
    #expect(identity.uid == uid && identity.gid == gid && identity.groups == groups && identity.home == home)
  }

  @Test(
    "What cannot be found",
    arguments: [
      ("nobody", "unable to find user nobody: no matching entries in passwd file"),
      ("app:nobody", "unable to find group nobody: no matching entries in group file"),
      ("bad", "unable to find user bad: its entry in the passwd file has no valid ids"),
      ("-1", "uids and gids must be in range 0-2147483647"),
      ("2147483648", "uids and gids must be in range 0-2147483647"),
      ("0:99999999999", "uids and gids must be in range 0-2147483647"),
    ])
  func refuses(text: String, reason: String) {
    #expect(throws: ContainerRequestError(reason)) { try accounts.identity(of: text) }
  }

  @Test("An image without accounts has root, and any number")
  func none() throws {
    let none = Accounts(passwd: [], group: [])
    #expect(try none.identity(of: "").uid == 0)
    #expect(try none.identity(of: "7:8").gid == 8)
    #expect(throws: ContainerRequestError.self) { try none.identity(of: "root") }
  }
}
