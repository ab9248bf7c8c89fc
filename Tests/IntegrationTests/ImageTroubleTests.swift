import Foundation
import Glibc
import Testing

extension Integration {
  /// One clear line, nothing half-made to be seen, and the next try goes on.
  @Suite(
    "Images that are damaged, hostile or cut off",
    .enabled(if: RegistryPeer.isInstalled, "docker-registry, skopeo and umoci are not installed")
  ) struct ImageTrouble {
    @Test(
      "A layer that no image may have",
      arguments: [
        ("dotdot", "layer entry ../escaped: it leads out of the layer"),
        ("bare-whiteout", "layer entry bin/.wh.: a whiteout of nothing"),
        ("bomb", "it makes the archive larger than the limit of 68719476736 bytes"),
        ("link-to-nothing", "hard link bin/x to bin/nothing: no layer has such a file"),
        ("link-out", "hard link bin/x to out/etc/passwd-: no layer has such a file"),
        ("cut", "the archive ends in the middle of it"), ("noise", "the header's checksum is wrong"),
      ])
    func hostile(kind: String, reason: String) throws {
      try withRegistry { store, registry in
        try store.make("image", "--hostile", kind)
        let name = try store.publish("image", as: "bad:1", to: registry)
        for line in [["pull", "--quiet", name], ["load", "--quiet", "-i", store.layout]] {
          try store.expectRefusal(line, reason)
        }
        try store.expectOnlyDownloads()
      }
    }

    @Test("A link in a layer leads nowhere but into the layer")
    func link() throws {
      try withRegistry { store, registry in
        try store.make("image", "--hostile", "through-link")
        try store.must("pull", "--quiet", try store.publish("image", as: "bad:1", to: registry))
        #expect(!Host.exists("/tmp/swiftcr-escaped"))
      }
    }

    @Test("Media types of layers that are not known, or not to be had")
    func mediaTypes() throws {
      try withRegistry { store, registry in
        let types = [
          ("application/x-foo", "unknown media type \"application/x-foo\""),
          ("application/vnd.oci.image.layer.v1.tar+encrypted", "encrypted"),
        ]
        for (index, (type, reason)) in types.enumerated() {
          try store.make("image\(index)", "--layer-type", type)
          // A whole layout: skopeo sends no types that it does not know.
          try store.expectRefusal(["load", "--quiet", "-i", store.layout], reason)
          try Host.must("rm", "-r", store.layout)
        }
        try store.expectOnlyDownloads()
      }
    }

    @Test(
      "References that are none",
      arguments: ["", "a:b:c", "a b", "http://x/y", "127.0.0.1:1/Upper", "a@sha256:12", "127.0.0.1:1/a/../b"])
    func references(name: String) throws {
      try withEmptyStore { store in
        for line in [["pull", name], ["tag", name, "x"], ["run", "--pull", "never", "--image", name]] {
          let outcome = try Host.run(store.line(line))
          #expect(outcome.code == (line[0] == "run" ? 125 : 1), "\(outcome)")
          #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)")
        }
        #expect(try store.command("pull", name).errors.contains("invalid reference \"\(name)\""))
      }
    }

    @Test("A registry's blob with other bytes, cut, or too long", arguments: ["other", "cut", "long"])
    func damaged(how: String) throws {
      try withRegistry { store, registry in
        try store.make("image", "--size", "200000")
        let name = try store.publish("image", as: "app:1", to: registry)
        for path in [".layers[2].digest", ".config.digest"] {
          let file = registry.file(try #require(try registry.manifest("app:1", path).first))
          let right = "\(store.directory)/right"
          try Host.must("cp", file, right)
          switch how {
          case "other": try Host.must("sh", "-c", "printf x | dd of=\(file) bs=1 seek=100 conv=notrunc 2>/dev/null")
          case "cut": truncate(file, 150)
          default: try Host.must("sh", "-c", "echo more >> \(file)")
          }
          let digest = try #require(try registry.manifest("app:1", path).first)
          try store.expectRefusal(["pull", "--quiet", name], how == "other" ? "something else" : digest)
          try store.expectOnlyDownloads()
          try Host.must("cp", right, file)
          // What came of wrong bytes is not kept, or not believed.
          try store.must("pull", "--quiet", name)
          #expect(try store.command("run", "--rm", "--image", name).output == "hello\n")
          try store.must("rmi", name)
          try store.must("prune", "--force")
        }
      }
    }

    @Test("Two pulls of one image at once: both succeed, and each blob is fetched once")
    func atOnce() throws {
      try withRegistry { store, registry in
        try store.make("image", "--size", "3000000")
        try store.publish("image", as: "app:1", to: registry)
        let tap = try Tap(store.directory, registry)
        let children = try (0..<3).map { _ in
          try Host.spawn(store.line(["pull", "--quiet", "\(tap.host)/app:1"]))
        }
        for child in children {
          let outcome = try child.wait()
          #expect(outcome.code == 0, "\(outcome)")
        }
        for layer in try registry.manifest("app:1", ".layers[].digest") {
          #expect(tap.requests.filter { $0.hasPrefix("GET ") && $0.contains("/blobs/\(layer)") }.count == 1)
        }
        #expect(try store.json("length", "images") == "1")
      }
    }

    @Test("A pull that was killed goes on where it was", arguments: [400_000, 2_000_000])
    func killed(bytes: Int) throws {
      try withRegistry { store, registry in
        try store.make("image", "--size", "6000000", "--compression", "none")
        try store.publish("image", as: "app:1", to: registry)
        let layer = try #require(try registry.manifest("app:1", ".layers[2].digest").first)
        // Nothing but the last layer is longer.
        let tap = try Tap(store.directory, registry, "--stall", "\(2_100_000 + bytes)")
        let child = try Host.spawn(store.line(["pull", "--quiet", "\(tap.host)/app:1"]))
        let part = "\(store.store)/downloads/\(layer.dropFirst(7))"
        try Host.wait(30, for: "the download to stand still") { Self.size(part) > 2_000_000 }
        kill(child.pid, SIGKILL)
        #expect(try child.wait().code == 137)
        #expect(try store.json("length", "images") == "0")
        #expect(try store.command("image", "verify").output == "no damage found\n")
        let received = Self.size(part)

        try store.must("pull", "--quiet", "\(tap.host)/app:1")
        let asked = tap.requests.filter { $0.contains(layer) && $0.hasPrefix("GET") }
        #expect(asked.count == 2 && asked.last?.hasSuffix(" bytes=\(received)-") == true, "\(asked), \(received)")
        #expect(try store.command("run", "--rm", "--image", "\(tap.host)/app:1").output == "hello\n")
        try store.must("prune", "--force")
        try store.expectNothingUnfinished()
      }
    }

    @Test("A connection that breaks off again and again")
    func cut() throws {
      try withRegistry { store, registry in
        try store.make("image", "--size", "6000000", "--compression", "none")
        try store.publish("image", as: "app:1", to: registry)
        let tap = try Tap(store.directory, registry, "--cut", "2500000")
        try store.must("pull", "--quiet", "\(tap.host)/app:1")
        #expect(tap.requests.contains { $0.contains("bytes=") })
      }
    }

    static func size(_ path: String) -> Int {
      var status = stat()
      return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
  }
}

/// What stands between a registry and swiftcr: rootfs-fixtures/tap.
final class Tap {
  let port: UInt16
  private let log: String
  private let child: Host.Child

  var host: String { "127.0.0.1:\(port)" }
  var requests: [String] {
    Host.read(log).split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  init(_ directory: String, _ registry: RegistryPeer, _ options: String...) throws {
    port = try RegistryPeer.freePort()
    log = "\(directory)/requests"
    child = try Host.spawn([Host.fixture("tap"), "\(port)", "\(registry.port)", log] + options)
    let port = port
    try Host.wait(30, for: "the tap to listen") { RegistryPeer.answers(port) }
  }
}

extension TestStore {
  /// A command that is refused in one line, and leaves no image.
  func expectRefusal(
    _ arguments: [String], _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try Host.run(line(arguments))
    #expect(outcome.code == 1 && outcome.errors.contains(reason), "\(outcome)", sourceLocation: sourceLocation)
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome)", sourceLocation: sourceLocation)
    #expect(try json("length", "images") == "0", sourceLocation: sourceLocation)
    #expect(try command("image", "verify").output == "no damage found\n", sourceLocation: sourceLocation)
  }

  /// All that is left of what was refused is what was downloaded, and that goes with prune.
  func expectOnlyDownloads(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let making = try FileManager.default.contentsOfDirectory(atPath: "\(store)/making")
    #expect(making == [], sourceLocation: sourceLocation)
  }

  func expectNothingUnfinished(sourceLocation: SourceLocation = #_sourceLocation) throws {
    for place in ["making", "downloads", "holds"] {
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(store)/\(place)")
      #expect(names == [], "\(place)", sourceLocation: sourceLocation)
    }
  }
}
