import Foundation
import Testing

extension Integration {
  @Suite(
    "Images and archives", .enabled(if: RegistryPeer.isInstalled, "docker-registry, skopeo and umoci are not installed")
  ) struct ImageArchives {
    @Test("Others read what save writes", arguments: ["docker-archive", "oci-archive", "oci-dir"])
    func save(form: String) throws {
      try withEmptyStore { store in
        let id = try store.loaded()
        let archive = "\(store.directory)/saved"
        try store.must("save", "--format", form, "-o", archive, "example.com/team/app:1")
        let transport = form == "oci-dir" ? "oci" : form
        let source = "\(transport):\(archive):example.com/team/app:1"
        let config = try Host.must("skopeo", "inspect", "--config", "--raw", source)
        #expect(try ImageTransfer.hash(config) == id.dropFirst(7), "the configuration has another digest")
        try Host.must("skopeo", "copy", "--quiet", source, "oci:\(store.directory)/copy:1")
        try Host.must("umoci", "unpack", "--image", "\(store.directory)/copy:1", "\(store.directory)/bundle")
        #expect(try TestStore.listing("\(store.directory)/bundle/rootfs") == (try store.seen("example.com/team/app:1")))
        if form != "docker-archive" {
          // Every byte as it was.
          let before = try Host.must("skopeo", "inspect", "--raw", "oci:\(store.layout):app")
          #expect(try Host.must("skopeo", "inspect", "--raw", source) == before)
        }
      }
    }

    @Test(
      "What save writes is loaded again as the same image", arguments: ["docker-archive", "oci-archive", "oci-dir"])
    func again(form: String) throws {
      try withEmptyStore { store in
        let id = try store.loaded()
        let archive = "\(store.directory)/saved"
        try store.must("tag", "example.com/team/app:1", "example.com/team/app:also")
        try store.must(
          "save", "--format", form, "-o", archive, "example.com/team/app:1", "example.com/team/app:also")
        try store.must("rmi", "example.com/team/app:1", "example.com/team/app:also")
        #expect(try store.json("length", "images") == "0" && (try store.json("length", "layer", "ls")) == "0")
        let loaded = try store.command("load", "--quiet", "-i", archive)
        #expect(
          loaded.lines == ["Loaded image: example.com/team/app:1", "Loaded image: example.com/team/app:also"],
          "\(loaded)")
        #expect(try store.json(".[].id", "images") == "\(id)\n\(id)")
        #expect(try store.command("run", "--rm", "--image", "example.com/team/app:also").output == "hello\n")
      }
    }

    @Test("A layer of docker's archive that is here is not unpacked again", arguments: ["none", "gzip"])
    func sharedLayers(compression: String) throws {
      try withEmptyStore { store in
        try store.make("image", "--compression", compression)
        let archive = "\(store.directory)/archive"
        try Host.must("skopeo", "copy", "--quiet", "oci:\(store.layout):image", "docker-archive:\(archive):a:1")
        let first = try store.command("load", "-i", archive)
        #expect(first.code == 0 && !first.output.contains("Already exists"), "\(first)")
        let inodes = try Host.must("sh", "-c", "stat -c %i \(store.store)/layers/sha256/*/*")
        let second = try store.command("load", "-i", archive)
        #expect(second.code == 0 && second.lines.count { $0.hasSuffix("Already exists") } == 3, "\(second)")
        #expect(try Host.must("sh", "-c", "stat -c %i \(store.store)/layers/sha256/*/*") == inodes)
      }
    }

    @Test("skopeo's archives are loaded", arguments: ["docker-archive", "oci-archive", "oci"])
    func load(transport: String) throws {
      try withEmptyStore { store in
        try store.make("app")
        let archive = "\(store.directory)/archive"
        try Host.must(
          "skopeo", "copy", "--quiet", "oci:\(store.layout):app", "\(transport):\(archive):example.com/team/app:1")
        let id =
          "sha256:"
          + (try ImageTransfer.hash(try Host.must("skopeo", "inspect", "--config", "--raw", "oci:\(store.layout):app")))
        let loaded = try store.command("load", "--quiet", "-i", archive)
        #expect(loaded.lines == ["Loaded image: example.com/team/app:1"], "\(loaded)")
        #expect(try store.json(".[].id", "images") == id)
        #expect(try store.command("run", "--rm", "--image", "example.com/team/app:1").output == "hello\n")
        if transport != "oci" {
          // Through a pipe, compressed.
          try Host.must("gzip", archive)
          let piped = try Host.run(
            ["sh", "-c", "\(store.line(["load"]).joined(separator: " ")) --quiet < \(archive).gz"])
          #expect(piped.lines == loaded.lines, "\(piped)")
        }
      }
    }

    @Test("podman's archives, both ways", .enabled(if: Podman.isInstalled, "podman is not installed"))
    func podman() throws {
      try withEmptyStore { store in
        let id = try store.loaded()
        let (podman, archive) = (try Podman(store.directory), "\(store.directory)/archive")
        try store.must("save", "-o", archive, "example.com/team/app:1")
        #expect(try podman.must("load", "--quiet", "-i", archive) == "Loaded image: example.com/team/app:1\n")
        #expect(
          try podman.must("image", "inspect", "--format", "sha256:{{.Id}}", "example.com/team/app:1") == "\(id)\n")
        try store.must("rmi", "example.com/team/app:1")
        for form in ["docker-archive", "oci-archive"] {
          let saved = "\(store.directory)/\(form)"
          try podman.must("save", "--quiet", "--format", form, "-o", saved, "example.com/team/app:1")
          #expect(
            try store.must("load", "--quiet", "-i", saved) == "Loaded image: example.com/team/app:1\n")
          #expect(try store.json(".[].id", "images") == id)
          try store.must("rmi", "example.com/team/app:1")
        }
      }
    }

    @Test("A layout that umoci made")
    func umoci() throws {
      try withEmptyStore { store in
        let layout = "\(store.directory)/umoci"
        try store.make("app")
        try Host.must("cp", "-a", store.layout, layout)
        Host.write("of umoci\n", to: "\(store.directory)/file")
        try Host.must(
          "umoci", "insert", "--image", "\(layout):app", "--tag", "more", "\(store.directory)/file", "/added")
        let loaded = try store.command("load", "--quiet", "-i", layout)
        let ids = loaded.lines.compactMap { $0.split(separator: " ").last.map(String.init) }
        #expect(ids.count == 2 && loaded.lines.allSatisfy { $0.hasPrefix("Loaded image ID: sha256:") }, "\(loaded)")
        let added = try ids.filter {
          try store.command("run", "--rm", "--image", $0, "cat", "/added").output == "of umoci\n"
        }
        #expect(added.count == 1)
      }
    }

    @Test("export and import")
    func exportAndImport() throws {
      try withEmptyStore { store in
        _ = try store.loaded()
        let name = "example.com/team/app:1"
        try store.must(
          "run", "--name", "box", "--image", name, "sh", "-c", "echo more >> top; ln top same; rm app/hello")
        let archive = "\(store.directory)/files.tar"
        try store.must("export", "-o", archive, "box")
        let files = try Host.must("tar", "-tf", archive).split(separator: "\n")
        #expect(files.contains { $0.hasSuffix("bin/busybox") } && !files.contains { $0.contains(".wh.") }, "\(files)")
        try store.must("import", "-c", "CMD cat /same", "-m", "flat", archive, "flat:1")
        #expect(try store.command("run", "--rm", "--image", "flat:1").output == "top\nmore\n")
        // GNU tar unpacks to the same.
        let root = "\(store.directory)/unpacked"
        try Host.must("mkdir", root)
        try Host.must("tar", "-C", root, "--xattrs", "--xattrs-include=*", "-xpf", archive)
        #expect(try store.seen("flat:1") == (try TestStore.listing(root)))
        #expect(try store.json(".[0].comment", "history", "flat:1") == "flat")
      }
    }

    /// Each as the instruction of a Dockerfile that it is.
    @Test(
      "import: changes",
      arguments: [
        ("ENV A=\"b c\" D=e", ".Env | join(\",\")", "A=b c,D=e"), ("ENV A b c", ".Env[0]", "A=b c"),
        ("LABEL a='b c'", ".Labels.a", "b c"), ("CMD a b", ".Cmd | join(\",\")", "/bin/sh,-c,a b"),
        ("ENTRYPOINT [\"a b\"]", ".Entrypoint | join(\",\")", "a b"),
        ("EXPOSE 53/udp 80-81", ".ExposedPorts | keys | join(\",\")", "53/udp,80/tcp,81/tcp"),
        ("VOLUME /a /b", ".Volumes | keys | join(\",\")", "/a,/b"), ("USER a:b", ".User", "a:b"),
        ("WORKDIR a/../b", ".WorkingDir", "/b"), ("STOPSIGNAL ${NONE:-9}", ".StopSignal", "9"),
        ("ONBUILD RUN a", ".OnBuild[0]", "RUN a"),
        (
          "HEALTHCHECK --interval=2s CMD a", ".Healthcheck | tojson",
          #"{"Test":["CMD-SHELL","a"],"Interval":2000000000}"#
        ),
      ])
    func importedChanges(change: String, path: String, value: String) throws {
      try withEmptyStore { store in
        try Host.must("tar", "-C", store.directory, "-cf", "\(store.directory)/none.tar", "--files-from", "/dev/null")
        try store.must("import", "--change", change, "\(store.directory)/none.tar", "changed:1")
        let found = try Host.must("jq", "-r", ".[0].Config\(path)", input: try store.must("inspect", "changed:1"))
        #expect(found.trimmingCharacters(in: .newlines) == value)
      }
    }

    @Test(
      "import: no changes",
      arguments: [
        ("RUN a", "expected CMD, ENTRYPOINT"), ("ENVV a=b", "did you mean ENV?"), ("ENV a", "found no value"),
        ("EXPOSE 80/x", "expected PORT"), ("USER ${A:?why}", "A: \"why\""), ("", "found 0"),
      ])
    func noChanges(change: String, reason: String) throws {
      try withEmptyStore { store in
        try Host.must("tar", "-C", store.directory, "-cf", "\(store.directory)/none.tar", "--files-from", "/dev/null")
        let outcome = try store.command("import", "--change", change, "\(store.directory)/none.tar", "changed:1")
        #expect(outcome.code != 0 && outcome.errors.contains(reason), "\(outcome)")
      }
    }

    @Test("squash: the same tree in one layer", arguments: [5, 6])
    func squash(seed: Int) throws {
      try withEmptyStore { store in
        try store.make("image", "--random", "\(seed)", "--layers", "5")
        let loaded = try store.must("load", "--quiet", "-i", store.layout)
        let id = String(loaded.trimmingCharacters(in: .newlines).suffix(71))
        let squashed = try store.must("image", "squash", id, "squashed:1").trimmingCharacters(in: .newlines)
        #expect(try store.json("length", "layer", "ls", squashed) == "1")
        let (before, after) = (try store.seen(id), try store.seen("squashed:1"))
        let differences = Set(before).symmetricDifference(after).sorted()
        #expect(differences.isEmpty, "\(differences.prefix(10).joined(separator: "\n"))")
      }
    }

    @Test("history and inspect tell what the image's maker said")
    func looking() throws {
      try withEmptyStore { store in
        let id = try store.loaded()
        let name = "example.com/team/app:1"
        #expect(try store.must("history", "--quiet", "--no-trunc", name).hasPrefix("\(id)\n<missing>\n"))
        #expect(try store.json("length", "history", name) == "4")
        let table = try store.must("history", name)
        #expect(table.contains("step 3") && table.contains("step 1") && table.contains("CMD"), "\(table)")
        let found = try store.must("inspect", name)
        func value(_ path: String) throws -> String {
          try Host.must("jq", "-r", path, input: found).trimmingCharacters(in: .newlines)
        }
        #expect(try value(".[0].Id") == id)
        #expect(try value(".[0].RepoTags[]") == name)
        #expect(try value(".[0].Config.Cmd | join(\" \")") == "/bin/sh /app/hello")
        #expect(try value(".[0].Config.Labels[\"made.by\"]") == "fixture")
        #expect(try value(".[0].RootFS.Layers | length") == "3")
        #expect(try value(".[0].Os") == "linux" && (try value(".[0].Author")) == "fixture")
        let missing = try store.command("inspect", "no/such:image")
        #expect(missing.code == 1 && missing.errors.contains("no such image: no/such:image"), "\(missing)")
      }
    }
  }
}

extension TestStore {
  /// Stores an image as `example.com/team/app:1`.
  ///
  /// - Returns: its id.
  func loaded() throws -> String {
    try make("app")
    let line = try must("load", "--quiet", "-i", layout)
    let id = String(line.trimmingCharacters(in: .newlines).suffix(71))
    try must("tag", id, "example.com/team/app:1")
    return id
  }
}
