import Foundation
import Glibc
import Testing

extension Integration {
  @Suite("Files between containers and the host", .enabled(if: !Host.isControl, "runc knows no cp"))
  struct Copy {
    /// docker's table, once in each direction, for a container that has ended and one that runs.
    @Test("Names, trailing slashes and what is not there: docker's rules", arguments: [false, true])
    func rules(isRunning: Bool) throws {
      try withContainer(isRunning: isRunning, script: "rm -r /data/*") { store, host in
        try Host.must("sh", "-c", "mkdir -p \(host)/dir/sub && echo f > \(host)/file && echo s > \(host)/dir/sub/x")
        // A file to a new name, into a directory, over a file.
        try store.copy("\(host)/file", "box:/data/new")
        try store.copy("\(host)/file", "box:data")
        try store.copy("\(host)/file", "box:/data/./../data/new")
        try store.refuses("\(host)/file", "box:/data/none/", "the destination directory must be there")
        try store.refuses("\(host)/file", "box:/none/new", "no such directory")
        try store.refuses("\(host)/file", "box:/data/new/", "is not a directory")
        // A directory: as a new one, into one, its contents.
        try store.copy("\(host)/dir", "box:/data/made")
        try store.copy("\(host)/dir", "box:/data/made/")
        try store.copy("\(host)/dir/.", "box:/data")
        try store.refuses("\(host)/dir", "box:/data/new", "a directory cannot be copied to a file")
        try store.refuses("\(host)/none", "box:/data", "no such file or directory")
        try store.refuses("\(host)/file/", "box:/data", "is not a directory")
        try store.refuses("box:/data", "box:/data", "copying between containers is not supported")
        try store.refuses(host, host, "one of the two must be CONTAINER:PATH")
        try store.refuses("none:/data", host, "No such container: none")

        try Host.must("mkdir", "\(host)/out")
        try store.copy("box:/data/.", "\(host)/out")
        #expect(
          try Self.list("\(host)/out") == [
            "file", "made", "made/dir", "made/dir/sub", "made/dir/sub/x", "made/sub", "made/sub/x", "new", "sub",
            "sub/x",
          ])
        try store.copy("box:/data/sub", "\(host)/other")
        try store.copy("box:/data/sub/", "\(host)/other")
        #expect(try Self.list("\(host)/other") == ["sub", "sub/x", "x"])
        try store.copy("box:/data/sub/x", "\(host)/other/y")
        #expect(Host.read("\(host)/other/y") == "s\n")
        try store.refuses("box:/data/none", host, "could not find the file /data/none in the container")
        try store.refuses("box:/data/sub", "\(host)/other/y", "a directory cannot be copied to a file")

        // Nothing but the container's layer has it.
        let changes = try store.must("diff", "box").split(separator: "\n")
        #expect(changes.contains("A /data/made/dir/sub/x"), "\(changes)")
        #expect(Host.read("\(store.store)/kept/box/layer/upper/data/new") == "f\n")
      }
    }

    @Test("Owners, links and archives")
    func kinds() throws {
      try withContainer(isRunning: false) { store, host in
        try Host.must(
          "sh", "-c",
          """
          mkdir \(host)/d && echo x > \(host)/d/a && chown 7:8 \(host)/d/a && chmod 4751 \(host)/d/a
          ln \(host)/d/a \(host)/d/b && ln -s a \(host)/d/l && mkfifo \(host)/d/p && ln -s d/a \(host)/link
          touch \(host)/d/.wh.name && touch -d 2001-02-03 \(host)/d/a
          """)
        let upper = "\(store.store)/kept/box/layer/upper/data"
        try store.copy("\(host)/d", "box:/data")
        #expect(try Host.must("stat", "-c", "%u:%g %a %Y %h", "\(upper)/d/a") == "0:0 4751 981158400 2\n")
        #expect(try Host.must("readlink", "\(upper)/d/l") == "a\n" && Host.exists("\(upper)/d/.wh.name"))
        try store.copy("--archive", "\(host)/d", "box:/data/owned")
        #expect(try Host.must("stat", "-c", "%u:%g", "\(upper)/owned/a") == "7:8\n")
        try store.copy("\(host)/link", "box:/data")
        #expect(try Host.must("readlink", "\(upper)/link") == "d/a\n")
        try store.copy("-L", "\(host)/link", "box:/data/followed")
        #expect(Host.read("\(upper)/followed") == "x\n")

        let tar = try store.command("cp", "box:/data/owned", "-")
        Host.write(tar.output, to: "\(host)/tar")
        #expect(
          try Host.must("tar", "-tf", "\(host)/tar").split(separator: "\n").sorted()
            == ["owned/", "owned/.wh.name", "owned/a", "owned/b", "owned/l", "owned/p"])
        for compression in ["cat", "gzip"] {
          try Host.must("sh", "-c", "\(compression) < \(host)/tar > \(host)/in")
          let line = store.line(["cp", "-", "box:/data/\(compression)"]).joined(separator: " ")
          #expect(try Host.run(["sh", "-c", "\(line) < \(host)/in"]).errors.contains("must be a directory"))
          try Host.must("mkdir", "\(upper)/\(compression)")
          try Host.must("sh", "-c", "\(line) < \(host)/in")
          #expect(try Host.must("stat", "-c", "%u:%g", "\(upper)/\(compression)/owned/a") == "7:8\n")
        }
        let quiet = try store.command("cp", "-q", "box:/data/link", host)
        #expect(quiet.code == 0 && quiet.output.isEmpty && quiet.errors.isEmpty, "\(quiet)")
        let told = try store.command("cp", "box:/data/d", host)
        #expect(told.output.isEmpty && told.errors.hasPrefix("Successfully copied "), "\(told)")
        #expect(try Host.must("stat", "-c", "%u:%g", "\(host)/d/a") == "0:0\n")
        try Host.must("mkdir", "-p", "\(host)/e/link")
        try store.refuses("box:/data/link", "\(host)/e", "replace a directory by a file")
      }
    }

    @Test("Volumes are copied from and to, and what is in them is not in the layer", arguments: [false, true])
    func volumes(isRunning: Bool) throws {
      let volume = Host.temporaryDirectory("volume")
      defer { Host.remove(volume) }
      try withContainer("-v", "\(volume):/data", isRunning: isRunning) { store, host in
        Host.write("in\n", to: "\(host)/file")
        try store.copy("\(host)/file", "box:/data/")
        #expect(Host.read("\(volume)/file") == "in\n")
        try store.copy("box:/data", "\(host)/out")
        #expect(Host.read("\(host)/out/file") == "in\n")
        #expect(try store.must("diff", "box") == "")
        // The tree above goes through it, and not into what the kernel shows.
        try store.copy("box:/", "\(host)/all")
        let (file, proc) = (Host.read("\(host)/all/data/file"), try Self.list("\(host)/all/proc"))
        #expect(file == "in\n" && proc == [])
      }
    }

    @Test("A container's links lead nowhere but into the container", arguments: [false, true])
    func hostileLinks(isRunning: Bool) throws {
      let outside = Host.temporaryDirectory("outside")
      defer { Host.remove(outside) }
      Host.write("secret\n", to: "\(outside)/secret")
      let links = """
        ln -s \(outside) /data/abs; ln -s ../../../../../../../..\(outside) /data/up; ln -s /proc/self/root /data/magic
        ln -s \(outside)/secret /data/file; ln -s loop /data/loop
        """
      try withContainer(isRunning: isRunning, script: links) { store, host in
        Host.write("mine\n", to: "\(host)/mine")
        for link in ["abs", "up"] {
          // There is nothing in the container where they lead.
          try store.refuses("\(host)/mine", "box:/data/\(link)/x", "no such directory")
          try store.refuses("box:/data/\(link)/secret", host, "could not find the file")
        }
        try store.refuses("-L", "box:/data/file", host, "could not find the file")
        try store.refuses("-L", "box:/data/loop", host, nil)
        try store.refuses("box:/data/magic\(outside)/secret", host, nil)
        try store.copy("box:/data/file", "\(host)/link")
        #expect(try Host.must("readlink", "\(host)/link") == "\(outside)/secret\n")
        // An archive whose own link leads out, and a file through it.
        try Host.must(
          "sh", "-c",
          "mkdir -p \(host)/t && cd \(host)/t && ln -s \(outside) evil && tar -cf ../tar evil && rm evil && mkdir evil "
            + "&& echo mine > evil/secret && tar -rf ../tar evil/secret")
        let line = store.line(["cp", "-", "box:/data"]).joined(separator: " ")
        _ = try Host.run(["sh", "-c", "\(line) < \(host)/tar"])
        #expect(try Self.list(outside) == ["secret"])
        #expect(Host.read("\(outside)/secret") == "secret\n")
      }
    }

    /// Runs the case with a container, and a directory of the host.
    private func withContainer(
      _ options: String..., isRunning: Bool, script: String = "", body: (TestStore, String) throws -> Void
    ) throws {
      let host = Host.temporaryDirectory("copy")
      defer { Host.remove(host) }
      try withStore { store in
        let last = isRunning ? "while :; do sleep 0.05; done" : "true"
        let line = ["run", "--name", "box"] + options + (isRunning ? ["-d"] : []) + ["--image", "tour", "sh", "-c"]
        let run = try Host.run(store.line(line + ["\(script)\necho made > /ready; \(last)"]))
        try #require(run.code == 0, "\(run)")
        if isRunning {
          try Host.wait(for: "the container") { try store.command("exec", "box", "cat", "/ready").output == "made\n" }
        }
        if isRunning { try store.must("exec", "box", "rm", "/ready") }
        if !isRunning { unlink("\(store.store)/kept/box/layer/upper/ready") }
        try body(store, host)
      }
    }

    static func list(_ directory: String) throws -> [String] {
      try FileManager.default.subpathsOfDirectory(atPath: directory).sorted()
    }
  }
}

extension TestStore {
  fileprivate func copy(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    let outcome = try Host.run(line(["cp", "--quiet"] + arguments))
    #expect(outcome.code == 0 && outcome.output.isEmpty, "\(arguments): \(outcome)", sourceLocation: sourceLocation)
  }

  /// The last argument is what it says.
  fileprivate func refuses(_ arguments: String?..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    let outcome = try Host.run(line(["cp"] + arguments.dropLast().compactMap(\.self)))
    #expect(outcome.code == 1, "\(arguments): \(outcome)", sourceLocation: sourceLocation)
    if let reason = arguments.last ?? nil {
      #expect(outcome.errors.contains(reason), "\(arguments): \(outcome)", sourceLocation: sourceLocation)
    }
  }
}
