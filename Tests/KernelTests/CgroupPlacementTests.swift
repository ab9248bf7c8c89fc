import Testing

@testable import Kernel

@Suite struct CgroupPlacementTests {
  static let hybrid = CgroupHost(
    layout: .hybrid,
    hierarchies: [
      .init(controllers: ["cpu", "cpuacct"], mountPoint: "/sys/fs/cgroup/cpu,cpuacct", ownPath: "/"),
      .init(controllers: ["memory"], mountPoint: "/sys/fs/cgroup/memory", ownPath: "/user/me"),
      .init(controllers: [], mountPoint: "/sys/fs/cgroup/unified", ownPath: "/session"),
    ])
  static let unified = CgroupHost(
    layout: .unified,
    hierarchies: [.init(controllers: [], mountPoint: "/sys/fs/cgroup", ownPath: "/user.slice/session-1.scope")])

  @Test(arguments: [
    (String?.none, ["cpu,cpuacct/id", "memory/user/me/id", "unified/session/id"]),
    ("", ["cpu,cpuacct/id", "memory/user/me/id", "unified/session/id"]),
    ("/docker/x", ["cpu,cpuacct/docker/x", "memory/docker/x", "unified/docker/x"]),
    ("docker/x", ["cpu,cpuacct/docker/x", "memory/user/me/docker/x", "unified/session/docker/x"]),
    ("/../..//a/./b/../c/", ["cpu,cpuacct/a/c", "memory/a/c", "unified/a/c"]),
    ("../../../x", ["cpu,cpuacct/x", "memory/user/me/x", "unified/session/x"]),
    ("/a:b:c", ["cpu,cpuacct/a:b:c", "memory/a:b:c", "unified/a:b:c"]),
    // A slash with a combining mark after it is still a slash to the kernel.
    ("/a/\u{308}/../b", ["cpu,cpuacct/a/b", "memory/a/b", "unified/a/b"]),
  ])
  func placesOnV1(_ path: String?, _ expected: [String]) throws {
    let placement = try CgroupPlacement.place(cgroupsPath: path, id: "id", host: Self.hybrid)
    #expect(placement.directories.map { $0.path } == expected.map { "/sys/fs/cgroup/" + $0 })
    #expect(placement.directory(of: "cpuacct")?.mountPoint == "/sys/fs/cgroup/cpu,cpuacct")
    #expect(placement.unified?.mountPoint == "/sys/fs/cgroup/unified")
  }

  @Test(arguments: [
    (String?.none, "/sys/fs/cgroup/user.slice/id"),
    ("/docker/x", "/sys/fs/cgroup/docker/x"),
    ("x", "/sys/fs/cgroup/user.slice/x"),
    ("../../etc", "/sys/fs/cgroup/user.slice/etc"),
  ])
  func placesBesideItselfOnV2(_ path: String?, _ expected: String) throws {
    let placement = try CgroupPlacement.place(cgroupsPath: path, id: "id", host: Self.unified)
    #expect(placement.directories.map { $0.path } == [expected])
  }

  @Test(arguments: [
    ("/", "hierarchy's root"),
    ("/..", "hierarchy's root"),
    (".", "hierarchy's root"),
    ("system.slice:docker:123", "systemd name"),
    (":docker:123", "systemd name"),
    ("/a\nb", "control characters"),
    ("/a\0b", "control characters"),
    ("/" + String(repeating: "x", count: 256), "longer than 255"),
    (String(repeating: "/x", count: 2000), "longer than 2048"),
  ])
  func refuses(_ path: String, _ reason: String) {
    let error = #expect(throws: SystemError.self) {
      try CgroupPlacement.place(cgroupsPath: path, id: "id", host: Self.hybrid)
    }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test func comesBackFromItsRecord() throws {
    for host in [Self.hybrid, Self.unified] {
      let placement = try CgroupPlacement.place(cgroupsPath: "/a b/ü:x", id: "id", host: host)
      #expect(try CgroupPlacement(layout: host.layout, decoding: placement.encoded) == placement)
    }
  }

  @Test(arguments: [
    "", "memory", "memory 21", "memory 21 /sys/fs/cgroup/memory", "memory 21 /sys/fs/cgroup/memory/",
    "memory 21 /sys/fs/cgroup/memory/../../etc", "memory 14 /sys/fs/cgroup", "memory 0 /x", "memory -3 /x/y",
    "memory 21 /sys/fs/cgroup/memoryX/a", "memory 2 x/y/z", "memory 99999999999999999999 /x/y",
  ])
  func refusesRecord(_ line: String) {
    #expect(throws: SystemError.self) { try CgroupPlacement(layout: .v1, decoding: [line]) }
  }

  @Test func parsesMemberships() {
    let text = "4:cpu,cpuacct:/docker/a:b\n1:name=systemd:/x\nrubbish\n0::/../outside\n3:pids:relative\n"
    #expect(
      parseMemberships(Array(text.utf8)) == [
        CgroupMembership(controllers: ["cpu", "cpuacct"], path: "/docker/a:b"),
        CgroupMembership(controllers: ["name=systemd"], path: "/x"),
        CgroupMembership(controllers: [], path: "/"),
      ])
  }

  @Test func findsMountsInMountinfo() {
    let text = """
      30 24 0:26 / /sys rw,nosuid shared:7 - sysfs sysfs rw
      31 30 0:27 /docker/x /mnt/c\\040g/cpu rw master:9 shared:2 - cgroup cgroup rw,cpu,cpuacct
      32 30 0:28 / /mnt/systemd rw - cgroup none rw,xattr,name=systemd
      33 30 0:29 / /mnt/two rw - cgroup2 cgroup2 rw,nsdelegate
      34 30 0:30 / /tmp/-\\040cgroup rw - tmpfs tmpfs rw
      broken - cgroup x
      """
    let mounts = parseCgroupMounts(Array(text.utf8))
    #expect(mounts.map { $0.point } == ["/mnt/c g/cpu", "/mnt/systemd", "/mnt/two"])
    #expect(mounts.first { $0.holds(["cpuacct"]) }?.below("/docker/x/y") == "/y")
    #expect(mounts.first { $0.holds(["cpu", "cpuacct"]) }?.below("/docker/xy") == "/")
    #expect(mounts.first { $0.holds(["name=systemd"]) }?.below("/a") == "/a")
    #expect(mounts.first { $0.holds([]) }?.point == "/mnt/two")
    #expect(mounts.first { $0.holds(["memory"]) } == nil)
  }
}
