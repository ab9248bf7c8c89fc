import Foundation
import Testing

extension Integration {
  @Suite(
    "What a container sees of an image", .enabled(if: RegistryPeer.isInstalled, "skopeo and umoci are not installed")
  ) struct ImageTrees {
    /// Random layers with hard links, devices, fifos, holes, extended attributes, set-user-id bits, names of all kinds,
    /// whiteouts, opaque directories, and directories that they only imply: rootfs-fixtures/image_tree.py.
    @Test("Layers as directories: what umoci unpacks", arguments: 1...12)
    func directories(seed: Int) throws { try compare(seed, "dir") }

    @Test(
      "Layers as file systems: what umoci unpacks",
      .enabled(if: canMountFiles, "the kernel mounts no EROFS files of a disk"), arguments: 1...12)
    func filesystems(seed: Int) throws { try compare(seed, "erofs") }

    private static let canMountFiles =
      Host.isKernel(atLeast: 6, 12) && Host.read("/proc/filesystems").contains("\terofs\n")

    private func compare(_ seed: Int, _ form: String) throws {
      try withEmptyStore { store in
        try store.make("image", "--random", "\(seed)", "--layers", "\(2 + seed % 4)")
        try Host.must("umoci", "unpack", "--image", "\(store.layout):image", "\(store.directory)/bundle")
        let theirs = try TestStore.listing("\(store.directory)/bundle/rootfs")
        #expect(theirs.count > 60)
        try store.withForm(form) { id in
          let differences = Self.differences(try store.seen(id), theirs)
          #expect(differences.isEmpty, "\(differences.prefix(10).joined(separator: "\n"))")
        }
      }
    }

    /// Layers do not know each other: another image with the same layer may mean another file by a link.
    @Test("Hard links to files of layers below: what umoci unpacks, for two images that share the layer with the links")
    func links() throws {
      for form in Self.canMountFiles ? ["dir", "erofs"] : ["dir"] {
        try withEmptyStore { store in
          var layers: [String: [String]] = [:]
          for text in ["one", "two"] {
            try store.make(text, "--links", text)
            try Host.must("umoci", "unpack", "--image", "\(store.layout):\(text)", "\(store.directory)/\(text)")
          }
          let loaded = try store.command("load", "--quiet", "-i", store.layout, environment: ["SWIFTCR_LAYERS": form])
          let ids = loaded.lines.map { String($0.suffix(71)) }
          try #require(ids.count == 2, "\(loaded)")
          #expect(Set(try store.json(".[].form", "layer", "ls").split(separator: "\n")) == [Substring(form)])
          for (text, id) in zip(["one", "two"], ids) {
            let theirs = try TestStore.listing("\(store.directory)/\(text)/rootfs")
            let differences = Self.differences(try store.seen(id), theirs)
            #expect(differences.isEmpty, "\(form): \(differences.prefix(10).joined(separator: "\n"))")
            #expect(try store.command("run", "--rm", "--image", id, "cat", "/again").output == "\(text)\n")
            layers[text] = try store.json(".[].diffID", "layer", "ls", id).split(separator: "\n").map(String.init)
          }
          let (one, two) = (layers["one"] ?? [], layers["two"] ?? [])
          #expect(one.count == 4 && one.suffix(2) == two.suffix(2) && one[1] != two[1])
          let which = try store.command("layer", "which", ids[0], "/data/deep/name")
          #expect(which.lines.count == 2 && which.lines[1].hasPrefix("3 "), "\(which)")

          // What a container changes hides the link, and only that; the image is as it was.
          let script = "echo more >> again; cat third; rm data/deep/name; cat data/deep/file"
          try store.must("run", "--name", "box", "--image", ids[0], "sh", "-c", script)
          #expect(
            try store.must("diff", "box").split(separator: "\n").map(String.init).sorted()
              == ["C /again", "C /data", "C /data/deep", "D /data/deep/name"])
          try store.must("commit", "box", "changed")
          #expect(
            try store.must("run", "--rm", "--image", "changed", "sh", "-c", "cat again third") == "one\nmore\none\n")
          try store.must("rm", "box")
          try store.must("rmi", "changed", ids[0])
          #expect(try store.must("image", "verify") == "no damage found\n")
          // A stack that is made again is the same, with the other image's layers.
          try Host.must("rm", "-r", "\(store.store)/stacks/\(ids[1].dropFirst(7))")
          #expect(try store.command("image", "verify", "--repair").output.contains("made again"))
          #expect(try store.command("run", "--rm", "--image", ids[1], "cat", "/third").output == "two\n")
          try store.must("prune", "--force", "--all")
          #expect(try store.json("[.[][]] | length", "df") == "0")
        }
      }
    }

    /// Lines of one listing that are not in the other. Of some directories umoci has no time: it put something in.
    private static func differences(_ ours: [String], _ theirs: [String]) -> [String] {
      let unsaid = Set(theirs.filter { $0.hasPrefix("unsaid ") }.map { String($0.dropFirst(7)) })
      let comparable = ours.map { line -> String in
        let rest = String(line.drop { $0 != " " }.dropFirst())
        return unsaid.contains(rest) ? "unsaid \(rest)" : line
      }
      return Set(comparable).subtracting(theirs).map { "ours:   \($0)" }.sorted()
        + Set(theirs).subtracting(comparable).map { "umoci's: \($0)" }.sorted()
    }
  }
}

extension TestStore {
  /// Loads the layout's image in one form of layers, and removes it again.
  fileprivate func withForm(_ form: String, _ body: (String) throws -> Void) throws {
    let loaded = try command("load", "-i", layout, environment: ["SWIFTCR_LAYERS": form])
    guard loaded.code == 0, let id = loaded.lines.last?.split(separator: " ").last else {
      throw HostError(description: "\(loaded)")
    }
    #expect(Set(try json(".[].form", "layer", "ls").split(separator: "\n")) == [Substring(form)])
    try body(String(id))
    try must("rmi", "--force", String(id))
    #expect(try json("length", "layer", "ls") == "0")
  }
}
