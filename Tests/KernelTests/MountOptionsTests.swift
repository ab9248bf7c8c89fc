import Testing

@testable import Kernel

@Suite struct MountOptionsTests {
  struct Case: Sendable {
    var options: [String]
    var set: UInt64 = 0
    var cleared: UInt64 = 0
    var flags: UInt = 0
    var superblock: [MountOptions.SuperblockOption] = []
    var data = ""
  }

  static func flag(_ key: String) -> MountOptions.SuperblockOption { MountOptions.SuperblockOption(key: key) }
  static func text(_ key: String, _ value: String) -> MountOptions.SuperblockOption {
    MountOptions.SuperblockOption(key: key, value: value)
  }

  static let cases: [Case] = [
    Case(options: []),
    Case(options: ["defaults"]),
    Case(options: ["nosuid", "noexec", "nodev"], set: 0xe, flags: 0xe),
    Case(options: ["ro"], set: 1, flags: 1, superblock: [flag("ro")]),
    // The last one wins, and what was cleared stays known.
    Case(options: ["ro", "rw"], cleared: 1, superblock: [flag("rw")]),
    Case(options: ["exec", "noexec"], set: 8, flags: 8),
    Case(options: ["noexec", "exec"], cleared: 8),
    // Access times are one value of three bits.
    Case(options: ["noatime"], set: 0x10, cleared: 0x70, flags: 1 << 10),
    Case(options: ["relatime"], cleared: 0x70, flags: 1 << 21),
    Case(options: ["strictatime"], set: 0x20, cleared: 0x70, flags: 1 << 24),
    Case(options: ["noatime", "strictatime"], set: 0x20, cleared: 0x70, flags: 1 << 10 | 1 << 24),
    Case(options: ["noatime", "atime"], cleared: 0x70),
    Case(options: ["nodiratime"], set: 0x80, flags: 1 << 11),
    Case(options: ["nosymfollow"], set: 0x20_0000, flags: 1 << 8),
    // Superblock flags are no attributes.
    Case(
      options: ["sync", "dirsync", "lazytime", "mand"], flags: 1 << 4 | 1 << 7 | 1 << 25 | 1 << 6,
      superblock: [flag("sync"), flag("dirsync"), flag("mand"), flag("lazytime")]),
    Case(options: ["async", "nolazytime"], superblock: [flag("async"), flag("nolazytime")]),
    // What no table knows belongs to the file system, one parameter at a time.
    Case(
      options: ["nosuid", "mode=755", "size=64k,gid=5", "newinstance"], set: 2, flags: 2,
      superblock: [text("mode", "755"), text("size", "64k"), text("gid", "5"), flag("newinstance")],
      data: "mode=755,size=64k,gid=5,newinstance"),
    Case(options: ["mode="], superblock: [text("mode", "")], data: "mode="),
    Case(options: ["=x", "", ","], data: "=x,,"),
    Case(
      options: ["context=\"u:r:t:s0:c1,c2\",size=1"],
      superblock: [text("context", "u:r:t:s0:c1,c2"), text("size", "1")],
      data: "context=\"u:r:t:s0:c1,c2\",size=1"),
    Case(
      options: ["lowerdir=/a\\,b:/c", "index=off"], superblock: [text("lowerdir", "/a\\,b:/c"), text("index", "off")],
      data: "lowerdir=/a\\,b:/c,index=off"),
    Case(options: ["Ro", "rO=1"], superblock: [flag("Ro"), text("rO", "1")], data: "Ro,rO=1"),
  ]

  @Test(arguments: cases) func sortsOptions(_ expected: Case) {
    let options = MountOptions(expected.options)
    #expect(options.attributesSet == expected.set)
    #expect(options.attributesCleared == expected.cleared)
    #expect(options.legacyFlags == expected.flags)
    #expect(options.superblock == expected.superblock)
    #expect(options.legacyData == expected.data)
    #expect(options.attributesSet & 0x70 == 0 || options.attributesCleared & 0x70 == 0x70)
  }

  @Test func bindAndRemount() {
    #expect(MountOptions(["bind", "ro"]).bind == .bind)
    #expect(MountOptions(["bind", "rbind"]).bind == .rbind)
    #expect(MountOptions(["rbind", "bind"]).bind == .rbind)
    #expect(MountOptions(["ro"]).bind == .none)
    #expect(MountOptions(["remount", "bind"]).remount)
  }

  @Test func propagationKeepsItsOrder() {
    let both = MountOptions(["rslave", "rbind", "shared"])
    #expect(both.propagation.map(\.type) == [.slave, .shared])
    #expect(both.propagation.map(\.recursive) == [true, false])
    #expect(both.legacyFlags == MountOptions(["rbind"]).legacyFlags)
  }

  @Test(
    arguments: [
      (["rro"], 1, 0), (["rro", "rrw"], 0, 1), (["rrw", "rro"], 1, 0), (["rnoatime"], 0x10, 0x70),
      (["rnoatime", "rstrictatime"], 0x20, 0x70), (["rnoatime", "rrelatime"], 0, 0x70), (["ratime"], 0, 0x70),
      (["rnodiratime", "rnosuid"], 0x82, 0), (["rdiratime"], 0, 0x80), (["rnosymfollow", "rexec"], 0x20_0000, 8),
    ] as [([String], UInt64, UInt64)])
  func recursiveAttributes(_ options: [String], _ set: UInt64, _ cleared: UInt64) {
    let made = MountOptions(options)
    #expect(made.recursiveSet == set)
    #expect(made.recursiveCleared == cleared)
    #expect(made.attributesSet == 0 && made.attributesCleared == 0 && made.legacyFlags == 0)
  }

  @Test func extensions() {
    #expect(MountOptions(["tmpcopyup"]).copyUp)
    #expect(MountOptions(["idmap"]).idmap == .idmap)
    #expect(MountOptions(["idmap", "ridmap"]).idmap == .ridmap)
    #expect(MountOptions(["tmpcopyup", "ridmap"]).legacyData.isEmpty)
  }

  @Test func listsForFeatures() {
    let names = MountOptions.knownNames
    #expect(names.count == 60 && Set(names).count == 60)
    #expect(names == names.sorted())
    #expect(!names.contains("idmap"))
    #expect(MountOptions.recursiveNames.count == 18)
    // A name in the list is never taken for data.
    for name in names { #expect(MountOptions([name]).legacyData.isEmpty) }
  }
}
