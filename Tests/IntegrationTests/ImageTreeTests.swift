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
