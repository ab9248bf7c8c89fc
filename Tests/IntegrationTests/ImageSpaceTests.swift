import Foundation
import Testing

extension Integration {
  @Suite("Names of images, and the space that they take", .enabled(if: !Host.isControl, "runc knows no images"))
  struct ImageSpace {
    @Test("rmi: a name, the last name, and an image that a container uses")
    func remove() throws {
      try withEmptyStore { store in
        let id = try store.loaded()
        let name = "example.com/team/app:1"
        try store.must("tag", name, "other:2")
        #expect(try store.must("rmi", "other:2") == "Untagged: docker.io/library/other:2\n")
        try store.must("tag", name, "other:2")
        let several = try store.command("rmi", id)
        #expect(several.code == 1 && several.errors.contains("has 2 names"), "\(several)")

        try store.must("run", "--name", "box", "--image", name, "true")
        try store.must("rmi", "other:2")
        let used = try store.command("rmi", name)
        #expect(used.code == 1 && used.errors.contains("is used by a container"), "\(used)")
        // The name goes, the layers stay: the container starts again, and can be committed.
        try store.must("rmi", "--force", name)
        #expect(try store.command("start", "--attach", "box").code == 0)
        try store.must("prune", "--force", "--all")
        #expect(try store.command("start", "--attach", "box").code == 0)
        try store.must("commit", "box", "saved:1")
        try store.must("rm", "box")
        #expect(try store.command("run", "--rm", "--image", "saved:1", "cat", "/top").output == "top\n")
        let gone = try store.command("rmi", "saved:1")
        #expect(gone.lines.first == "Untagged: docker.io/library/saved:1" && gone.lines.count == 2, "\(gone)")
        try store.expectNothing()
      }
    }

    @Test("An image whose name another one gets is left nameless, until prune")
    func dangling() throws {
      try withEmptyStore { store in
        let first = try store.loaded()
        try Host.must("rm", "-r", store.layout)
        try store.make("other", "--top", "other")
        let second = String(try store.must("load", "--quiet", "-i", store.layout).dropLast().suffix(71))
        try store.must("tag", second, "example.com/team/app:1")
        let names = try store.json(".[] | [.id, .name] | join(\" \")", "images").split(separator: "\n")
        #expect(Set(names) == ["\(first) ", "\(second) example.com/team/app:1"], "\(names)")
        try store.expectPruneFreesWhatUsageSays()
        #expect(try store.json(".[].id", "images") == second)
        #expect(try store.json("length", "layer", "ls") == "3")
        #expect(try store.json("[.[][] | select(.reclaimable)] | length", "df") == "0")
      }
    }

    @Test("What df calls reclaimable is what prune frees: unfinished downloads, and what was being made")
    func prune() throws {
      try withEmptyStore { store in
        _ = try store.loaded()
        try store.must("run", "--name", "box", "--image", "example.com/team/app:1", "sh", "-c", "echo x > /x")
        try store.must("commit", "box")
        Host.write(
          String(repeating: "part", count: 20_000), to: "\(store.store)/downloads/\(String(repeating: "1", count: 64))")
        try Host.must("mkdir", "-p", "\(store.store)/making/0123456789abcdef-1/root/some/where")
        Host.write("half", to: "\(store.store)/making/0123456789abcdef-1/root/some/file")
        try store.expectPruneFreesWhatUsageSays()
        #expect(try store.must("images", "--quiet").split(separator: "\n").count == 1)
        try store.must("rm", "box")
        try store.must("prune", "--force", "--all")
        try store.expectNothing()
      }
    }

    @Test("Five containers of one image, and an image that shares its layers: each layer once")
    func sharing() throws {
      try withEmptyStore { store in
        try store.make("one")
        try store.make("two", "--top", "two")
        let lines = try store.must("load", "--quiet", "-i", store.layout).split(separator: "\n")
        let ids = lines.map { String($0.suffix(71)) }
        #expect(ids.count == 2)
        // Two layers of both, one of each; two stacks.
        #expect(try store.json("length", "layer", "ls") == "4")
        let before = try store.json("[.Layers[].bytes] | add", "df")
        let files = try Leftovers.fingerprint(of: "\(store.store)/layers")
        for number in 1...5 {
          try store.must(
            "run", "--name", "box\(number)", "--image", ids[number % 2], "sh", "-c",
            "echo \(number) > /own; echo \(number) >> /top; head -c \(number)00000 /dev/urandom > /data; rm -r /app")
        }
        #expect(try store.json("[.Layers[].bytes] | add", "df") == before)
        #expect(try store.json("[.Layers[].name | select(startswith(\"layers/\"))] | length", "df") == "4")
        let own = try store.json(".Containers[].bytes", "df").split(separator: "\n").compactMap { Int($0) }
        #expect(own.count == 5)
        for (number, bytes) in zip(1..., own) {
          // Its own data, and some small files and directories.
          #expect(bytes > number * 100_000 && bytes < (number + 1) * 100_000, "\(bytes)")
        }
        #expect(try Leftovers.fingerprint(of: "\(store.store)/layers") == files, "a layer has changed")
      }
    }
  }
}

extension TestStore {
  /// The bytes that all that `df` shows takes.
  private var total: Int { get throws { Int(try json("[.[][].bytes] | add", "df")) ?? -1 } }

  fileprivate func expectPruneFreesWhatUsageSays(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let before = try total
    let reclaimable = try #require(Int(try json("[.[][] | select(.reclaimable).bytes] | add", "df")))
    #expect(reclaimable > 0, sourceLocation: sourceLocation)
    try must("prune", "--force")
    #expect(try total == before - reclaimable, sourceLocation: sourceLocation)
  }

  /// Nothing of an image is in the store.
  fileprivate func expectNothing(sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try json("[.[][].name] | join(\" \")", "df") == "", sourceLocation: sourceLocation)
    #expect(try json("length", "images") == "0", sourceLocation: sourceLocation)
  }
}
