import Foundation
import Glibc
import Testing

extension Integration {
  /// With what others make of the same images: docker-registry, skopeo, umoci, podman.
  @Suite(
    "Images and registries",
    .enabled(if: RegistryPeer.isInstalled, "docker-registry, skopeo and umoci are not installed")
  ) struct ImageTransfer {
    @Test("pull: plain lines in docker's words; what is here is not fetched again")
    func pull() throws {
      try withRegistry { store, registry in
        try store.make("one")
        try store.make("two", "--top", "another")
        let one = try store.publish("one", as: "team/app:1", to: registry)
        let two = try store.publish("two", as: "team/app:2", to: registry)
        let digest = "sha256:" + (try Self.hash(try registry.raw("team/app:1")))
        let layers = try registry.manifest("team/app:1", ".layers[].digest").map { $0.dropFirst(7).prefix(12) }

        let first = try store.command("pull", one)
        #expect(first.code == 0 && first.errors.isEmpty, "\(first)")
        #expect(first.lines.first == "1: Pulling from team/app")
        for layer in layers {
          let states = first.lines.filter { $0.hasPrefix("\(layer): ") }.map { $0.dropFirst(14) }
          #expect(states == ["Pulling fs layer", "Downloading", "Extracting", "Pull complete"], "\(first)")
        }
        #expect(
          first.lines.suffix(3) == ["Digest: \(digest)", "Status: Downloaded newer image for \(one)", one], "\(first)")

        let second = try store.command("pull", one)
        for layer in layers { #expect(second.lines.contains("\(layer): Already exists"), "\(second)") }
        #expect(second.lines.contains("Status: Image is up to date for \(one)"), "\(second)")
        let byDigest = try store.command("pull", "\(registry.host)/team/app@\(digest)")
        #expect(byDigest.code == 0 && !byDigest.output.contains("Downloading"), "\(byDigest)")
        // Two of its three layers are the other image's.
        let other = try store.command("pull", two)
        #expect(other.lines.filter { $0.hasSuffix(": Already exists") }.count == 2, "\(other)")
        #expect(try store.must("pull", "--quiet", two) == "\(two)\n")
      }
    }

    @Test("An image is pulled, run, changed, committed and pushed, and others run the same files")
    func tour() throws {
      try withRegistry { store, registry in
        try store.make("base")
        let name = try store.publish("base", as: "tour:1", to: registry)
        try store.must("pull", "--quiet", name)
        let script = """
          cat top; cat app/hidden/new; ls app/data
          echo more >> top; echo fresh > app/fresh; rm app/data/kept; rm -r app/hidden; mkdir app/hidden
          echo x > app/hidden/again; chmod 700 root
          """
        let run = try store.command("run", "--name", "box", "--image", name, "sh", "-c", script)
        #expect(run.code == 0 && run.output == "top\nnew\nkept\n", "\(run)")
        #expect(
          try store.must("diff", "box").split(separator: "\n").map(String.init).sorted() == [
            "A /app/fresh", "A /app/hidden/again", "C /app", "C /app/data", "C /app/hidden", "C /root", "C /top",
            "D /app/data/kept", "D /app/hidden/new",
          ])

        let changed = "\(registry.host)/tour:2"
        let id = try store.must(
          "commit", "-m", "changed", "-a", "me", "-c", "ENV ADDED=yes", "-c", "CMD [\"cat\", \"/top\"]", "box", changed)
        #expect(id.hasPrefix("sha256:"))
        let push = try store.command("push", changed)
        #expect(push.code == 0 && push.lines.filter { $0.hasSuffix("exists") || $0.hasSuffix("Pushed") }.count == 5)
        let digest = "sha256:" + (try Self.hash(try registry.raw("tour:2")))
        #expect(push.lines.last == "2: digest: \(digest) size: \(try registry.raw("tour:2").utf8.count)", "\(push)")
        #expect(try registry.manifest("tour:2", ".config.digest").first == id.trimmingCharacters(in: .newlines))

        try Host.must(
          "skopeo", "copy", "--quiet", "--src-tls-verify=false", "docker://\(changed)", "oci:\(store.layout):back")
        try Host.must("umoci", "unpack", "--image", "\(store.layout):back", "\(store.directory)/bundle")
        // umoci knows opaque directories and whiteouts as they come in archives.
        let theirs = try TestStore.listing("\(store.directory)/bundle/rootfs").map(Self.withoutTime)
        #expect(try store.seen(changed).map(Self.withoutTime) == theirs)
        #expect(theirs.contains { $0.contains("'app/hidden/again'") } && !theirs.contains { $0.contains("kept") })
        #expect(try store.command("run", "--rm", "--image", changed).output == "top\nmore\n")
      }
    }

    @Test(
      "podman runs on with what was committed and pushed", .enabled(if: Podman.isInstalled, "podman is not installed"))
    func podman() throws {
      try withRegistry { store, registry in
        try store.make("base")
        let name = try store.publish("base", as: "tour:1", to: registry)
        try store.must("run", "--name", "box", "--image", name, "sh", "-c", "echo more >> top; rm app/hello")
        let changed = "\(registry.host)/tour:2"
        let id = try store.must("commit", "box", changed).trimmingCharacters(in: .newlines)
        try store.must("push", "--quiet", changed)
        let podman = try Podman(store.directory)
        try podman.must("pull", "--quiet", "--tls-verify=false", changed)
        #expect(try podman.must("image", "inspect", "--format", "sha256:{{.Id}}", changed) == "\(id)\n")
        let root = try podman.must("image", "mount", changed).trimmingCharacters(in: .newlines)
        defer { _ = try? podman.must("image", "unmount", changed) }
        #expect(Host.read("\(root)/top") == "top\nmore\n" && !Host.exists("\(root)/app/hello"))
      }
    }

    @Test(
      "A layer with hard links to files of lower layers: what podman makes of it, and the same blobs again",
      .enabled(if: Podman.isInstalled, "podman is not installed"))
    func links() throws {
      try withRegistry { store, registry in
        try store.make("links", "--links", "text")
        let name = try store.publish("links", as: "first:1", to: registry)
        try store.must("pull", "--quiet", name)
        try store.must("push", "--quiet", name, "\(registry.host)/second:1")
        #expect(try registry.raw("first:1") == registry.raw("second:1"))
        let podman = try Podman(store.directory)
        try podman.must("pull", "--quiet", "--tls-verify=false", name)
        let root = try podman.must("image", "mount", name).trimmingCharacters(in: .newlines)
        defer { _ = try? podman.must("image", "unmount", name) }
        let (ours, theirs) = (try store.seen(name), try TestStore.listing(root))
        // Its storage keeps no second names of symbolic links.
        let seen = ours.map(Self.withoutTime).filter { !$0.hasPrefix(" 'link'") }
        #expect(Set(seen) == Set(theirs.map(Self.withoutTime).filter { !$0.hasPrefix(" 'link'") }))
      }
    }

    @Test(
      "podman and docker run what was committed and pushed",
      .enabled(if: Podman.isInstalled, "podman is not installed"),
      .enabled(if: Host.exists("/usr/sbin/dockerd"), "docker is not installed"))
    func engines() throws {
      try withRegistry { store, registry in
        try store.make("base")
        let name = try store.publish("base", as: "tour:1", to: registry)
        try store.must("pull", "--quiet", name)
        try store.must(
          "run", "--name", "box", "-e", "ADDED=yes", "-w", "/app", "--image", name, "sh", "-c",
          "echo more >> /top; rm -r data hidden; mkdir hidden; ln hello again; chown 7:8 again; chmod 4755 again")
        let changed = "\(registry.host)/tour:2"
        let script = "cat /top; ls; pwd; echo $ADDED $FROM"
        try store.must("commit", "-c", "CMD [\"sh\", \"-c\", \"\(script)\"]", "box", changed)
        try store.must("push", "--quiet", changed)
        let expected = "top\nmore\nagain\nhello\nhidden\n/app\nyes image\n"
        #expect(try store.must("run", "--rm", "--image", changed) == expected)

        let podman = try Podman(store.directory)
        try podman.must("pull", "--quiet", "--tls-verify=false", changed)
        #expect(try podman.run(changed, "--rm") == expected)
        let id = try podman.must("image", "inspect", "--format", "{{.Id}}", changed)
        let docker = try Host.run([
          Host.fixture("with-docker"), "\(store.directory)/docker", "sh", "-c",
          "docker pull --quiet $1 >&2 && docker run --rm --network none $1 && docker image inspect --format {{.Id}} $1",
          "sh",
          changed,
        ])
        #expect(docker.code == 0 && docker.output == "\(expected)sha256:\(id)", "\(docker)")
      }
    }

    /// Each is made by its engine of the same files, and sent to the registry by it.
    @Test(
      "Images of docker, podman, buildah and umoci, pulled and pushed again, keep every digest",
      .enabled(if: missingMakers.isEmpty, "not installed: \(missingMakers.joined(separator: " "))"),
      arguments: ["docker", "podman", "buildah", "umoci"])
    func makers(engine: String) throws {
      try withRegistry { store, registry in
        try store.make("base")
        let base = try store.publish("base", as: "base:1", to: registry)
        let made = "\(registry.host)/made:1"
        switch engine {
        case "docker":
          let script = """
            docker pull --quiet $1 && docker run --name box --network none $1 sh -c "echo $2 > /made; rm -r /app/data" \
            && docker commit box $3 && docker push --quiet $3
            """
          let outcome = try Host.run([
            Host.fixture("with-docker"), "\(store.directory)/docker", "sh", "-c", script, "sh", base, engine, made,
          ])
          #expect(outcome.code == 0, "\(outcome)")
        case "podman":
          let podman = try Podman(store.directory)
          try podman.must("pull", "--quiet", "--tls-verify=false", base)
          try podman.run(base, "--name", "box", command: ["sh", "-c", "echo podman > /made; rm -r /app/data"])
          try podman.must("commit", "--quiet", "box", made)
          try podman.must("push", "--quiet", "--tls-verify=false", made)
        case "buildah":
          let script = """
            place=$4
            b() { buildah --root "$place/buildah" --runroot "$place/run" --storage-driver vfs "$@"; }
            box=$(b from --quiet --tls-verify=false "$1") && root=$(b mount "$box") && echo $2 > "$root/made" \
            && rm -r "$root/app/data" && b commit --quiet "$box" "$3" && b push --quiet --tls-verify=false "$3"
            """
          let outcome = try Host.run(["sh", "-c", script, "sh", base, engine, made, store.directory])
          #expect(outcome.code == 0, "\(outcome)")
        default:
          let bundle = "\(store.directory)/bundle"
          try Host.must("umoci", "unpack", "--image", "\(store.layout):base", bundle)
          try Host.must("sh", "-c", "echo umoci > \(bundle)/rootfs/made; rm -r \(bundle)/rootfs/app/data")
          try Host.must("umoci", "repack", "--image", "\(store.layout):made", bundle)
          try store.publish("made", as: "made:1", to: registry)
        }
        try store.must("pull", "--quiet", made)
        let script = "cat /made; ls /app"
        #expect(
          try store.must("run", "--rm", "--image", made, "sh", "-c", script) == "\(engine)\nhello\nhidden\n")
        try store.must("push", "--quiet", made, "\(registry.host)/again:1")
        #expect(try registry.raw("made:1") == registry.raw("again:1"))
        for blob in try registry.manifest("again:1", ".layers[].digest, .config.digest") {
          #expect(try Self.hash(file: registry.file(blob)) == blob.dropFirst(7))
        }
      }
    }

    @Test("What is pulled and pushed again is the same, byte for byte", arguments: ["gzip", "none", "zstd"])
    func roundTrip(compression: String) throws {
      try withRegistry { store, registry in
        try store.make("image", "--compression", compression, "--size", "70000")
        for format in compression == "zstd" ? ["oci"] : ["oci", "v2s2"] {
          let name = try store.publish("image", as: "first/\(format):1", to: registry, "--format", format)
          try store.must("pull", "--quiet", name)
          #expect(try store.command("run", "--rm", "--image", name, "cat", "/top").output == "top\n")
          try store.must("push", "--quiet", name, "\(registry.host)/second/\(format):1")
          let (before, after) = (try registry.raw("first/\(format):1"), try registry.raw("second/\(format):1"))
          #expect(before == after, "\(format)")
          #expect(
            before.contains(format == "oci" ? "vnd.oci.image.manifest.v1" : "vnd.docker.distribution.manifest.v2"))
          for blob in try registry.manifest("second/\(format):1", ".layers[].digest, .config.digest") {
            #expect(try Self.hash(file: registry.file(blob)) == blob.dropFirst(7))
          }
        }
      }
    }

    @Test("An index over platforms is kept whole, and one platform of it can be had")
    func index() throws {
      try withRegistry { store, registry in
        try store.make("image", "--platforms", "amd64,arm64")
        let name = try store.publish("image", as: "first:1", to: registry, "--all")
        let own = try Host.must("dpkg", "--print-architecture").trimmingCharacters(in: .newlines)
        try store.must("pull", "--quiet", name)
        #expect(try store.command("run", "--rm", "--image", name, "cat", "/top").output == "for \(own)\n")
        let partial = try store.command("push", name, "\(registry.host)/second:1")
        #expect(partial.code == 1 && partial.errors.contains("pull it with --all-platforms"), "\(partial)")
        try store.must("push", "--quiet", "--platform", "linux/\(own)", name, "\(registry.host)/third:1")
        #expect(try registry.manifest("third:1", ".config.digest").count == 1)

        try store.must("pull", "--quiet", "--all-platforms", name)
        try store.must("push", "--quiet", name, "\(registry.host)/second:1")
        #expect(try registry.raw("first:1") == (try registry.raw("second:1")))
        for digest in try registry.manifest("first:1", ".manifests[].digest") {
          #expect(try registry.raw("second@\(digest)") == (try registry.raw("first@\(digest)")))
        }
        let none = try store.command("pull", "--platform", "linux/s390x", name)
        #expect(
          none.code == 1 && none.errors.contains("not for linux/s390x, but for linux/amd64, linux/arm64"), "\(none)")
      }
    }

    // MARK: -

    private static let missingMakers = ["/usr/sbin/dockerd", "/usr/bin/podman", "/usr/bin/buildah", "/usr/bin/umoci"]
      .filter { !Host.exists($0) }

    static func hash(_ text: String) throws -> String {
      String(try Host.must("sha256sum", input: text).prefix(64))
    }

    static func hash(file: String) throws -> String { String(try Host.must("sha256sum", file).prefix(64)) }

    /// A line of rootfs-fixtures/tree: what a container wrote has the time when it did.
    static func withoutTime(_ line: String) -> String { String(line.drop { $0 != " " }) }
  }
}

/// podman with a storage of its own.
final class Podman {
  static let isInstalled = Host.exists("/usr/bin/podman")
  private let line: [String]
  /// podman takes no path of more than 50 bytes for it.
  private let state: String

  init(_ directory: String) throws {
    state = try Host.must("mktemp", "-d", "/tmp/podman.XXXXXX").split(separator: "\n").joined()
    line = ["podman", "--root", "\(directory)/podman", "--runroot", state, "--storage-driver", "vfs"]
  }

  deinit { _ = try? Host.must("rm", "-rf", state) }

  /// A container that has no network, no cgroup of its own, and limits that a caller without CAP_SYS_RESOURCE may set.
  @discardableResult
  func run(_ image: String, _ options: String..., command: [String] = []) throws -> String {
    // crun is the one that podman lets do without cgroups, and it minds a second hierarchy.
    let script = "! mountpoint -q /sys/fs/cgroup/unified || umount /sys/fs/cgroup/unified; exec \"$@\""
    let limits = ["--ulimit", "nofile=512:512", "--ulimit", "nproc=512:512"]
    let outcome = try Host.run(
      ["unshare", "--mount", "sh", "-c", script, "sh"] + line
        + ["--runtime", "crun", "run", "--network", "none", "--cgroups", "disabled"] + limits + options + [image]
        + command)
    guard outcome.code == 0 else { throw HostError(description: "podman run \(image): \(outcome)") }
    return outcome.output
  }

  @discardableResult
  func must(_ arguments: String...) throws -> String {
    let outcome = try Host.run(line + arguments)
    guard outcome.code == 0 else { throw HostError(description: "podman \(arguments): \(outcome)") }
    return outcome.output
  }
}
