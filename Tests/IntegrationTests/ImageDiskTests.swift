import Foundation
import Glibc
import Testing

extension Integration {
  @Suite(
    "Images on a disk that is full",
    .enabled(if: RegistryPeer.isInstalled, "docker-registry, skopeo and umoci are not installed")
  ) struct ImageDisk {
    @Test(
      "One line says so, nothing of the image is to be seen, and with more room the next pull goes on",
      arguments: ["tmpfs", "ext4"])
    func pull(kind: String) throws {
      try withRegistry { store, registry in
        try store.make("image", "--size", "9000000", "--compression", "none")
        try store.publish("image", as: "app:1", to: registry)
        let tap = try Tap(store.directory, registry)
        let name = "\(tap.host)/app:1"
        let disk = try SmallDisk(kind, at: store.store)
        try disk.leave(7 << 20)
        try store.expectRefusal(["pull", "--quiet", name], "no space left on device")
        let layer = try #require(try registry.manifest("app:1", ".layers[2].digest").first)
        let received = ImageTrouble.size("\(store.store)/downloads/\(layer.dropFirst(7))")
        #expect(received > 0 && received < 9_000_000)

        try disk.leave(disk.size)
        try store.must("pull", "--quiet", name)
        let asked = tap.requests.filter { $0.hasPrefix("GET") && $0.contains(layer) }
        #expect(asked.count == 2 && asked.last?.hasSuffix(" bytes=\(received)-") == true, "\(asked)")
        #expect(try store.command("run", "--rm", "--image", name).output == "hello\n")
        let verified = try store.command("image", "verify")
        #expect(verified.output == "no damage found\n", "\(verified)")
        try store.must("prune", "--force")
        try store.expectNothingUnfinished()
      }
    }

    @Test("The same with load, import, commit and squash")
    func others() throws {
      try withEmptyStore { store in
        let disk = try SmallDisk("ext4", at: store.store)
        _ = try store.loaded()
        let name = "example.com/team/app:1"
        try store.must("run", "--name", "box", "--image", name, "sh", "-c", "head -c 4000000 /dev/urandom > /data")
        try store.must("export", "-o", "\(store.directory)/files.tar", "box")
        try Host.must("rm", "-r", store.layout)
        try store.make("big", "--size", "5000000")
        try disk.leave(2 << 20)
        let commands = [
          ["load", "--quiet", "-i", store.layout], ["import", "\(store.directory)/files.tar", "flat:1"],
          ["commit", "box", "made:1"], ["image", "squash", name, "flat:2"],
        ]
        for line in commands.dropLast() {
          let outcome = try Host.run(store.line(line))
          #expect(outcome.code == 1 && outcome.errors.contains("no space left on device"), "\(outcome)")
          #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
          #expect(try store.json("length", "images") == "1")
          #expect(try store.command("image", "verify").output == "no damage found\n")
          #expect(try FileManager.default.contentsOfDirectory(atPath: "\(store.store)/making") == [])
        }
        try disk.leave(disk.size)
        for line in commands {
          let outcome = try Host.run(store.line(line))
          #expect(outcome.code == 0, "\(outcome)")
        }
        #expect(try store.json("length", "images") == "5")
        #expect(try store.command("image", "verify").output == "no damage found\n")
        try store.must("rm", "box")
      }
    }
  }
}

/// A file system of 64 MB over a directory. It goes with its owner.
private final class SmallDisk {
  let size = 64 << 20
  private let path: String

  init(_ kind: String, at path: String) throws {
    self.path = path
    try Host.must("mkdir", "-m", "0700", path)
    if kind == "tmpfs" {
      try Host.must("mount", "-t", "tmpfs", "-o", "size=\(size),mode=0700", "swiftcr-test", path)
    } else {
      let file = "\(path).disk"
      try Host.must("truncate", "-s", "\(size)", file)
      try Host.must("mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", file)
      try Host.must("mount", "-o", "loop", file, path)
    }
    try Host.must("mkdir", "-p", "\(path)/lost+found")
  }

  deinit { _ = try? Host.must("umount", path) }

  /// Takes up all but so many bytes of what is free.
  func leave(_ bytes: Int) throws {
    let ballast = "\(path)/lost+found/ballast"
    try Host.must("rm", "-f", ballast)
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw HostError(description: "statvfs \(path)") }
    let free = Int(status.f_bavail) * Int(status.f_bsize)
    if free > bytes { try Host.must("sh", "-c", "head -c \(free - bytes) /dev/zero > \(ballast)") }
  }
}
