import Foundation
import Glibc
import Testing

extension Integration {
  /// RUN of `swiftcr build`: what it sees that is in no layer, and how it ends.
  @Suite struct BuildRunTests {
    @Test("Mounts: bind, cache, tmpfs and secret are seen, and nothing of them is in the layer")
    func mounts() throws {
      try withBuilds { builds in
        try builds.file("src/a", "a\n")
        try builds.file("src/skipped", "b\n")
        try builds.file(".dockerignore", "src/skipped\n")
        Host.write("hidden\n", to: "\(builds.images.directory)/secret")
        let dockerfile = """
          FROM box AS other
          RUN echo other > /file
          FROM box
          RUN --mount=target=/src,source=src --mount=type=tmpfs,target=/scratch --mount=type=cache,target=/cache \
              --mount=type=secret,id=one --mount=type=secret,id=two,env=TWO --mount=from=other,source=/file,target=/o \
              ls /src > /list; cat /run/secrets/one >> /list; echo $TWO $(cat /o) >> /list; touch /scratch/x; \
              echo line >> /cache/lines; wc -l < /cache/lines >> /list; stat -c '%a %u' /run/secrets/one >> /list
          RUN --mount=target=/src,source=src,rw echo new > /src/new && cat /src/new >> /list
          """
        let options = ["--secret", "id=one,src=\(builds.images.directory)/secret", "--secret", "id=two,env=TWO"]
        func build(_ text: String) throws -> Outcome {
          try builds.build(text, options[0], options[1], options[2], options[3], environment: ["TWO": "second"])
        }
        let first = try build(dockerfile)
        #expect(first.code == 0, "\(first)")
        #expect(try builds.sh("cat /list") == "a\nhidden\nsecond other\n1\n400 0\nnew\n")
        #expect(try builds.sh("ls -d /src /scratch /cache /o /run 2>/dev/null; true").isEmpty)
        #expect(try builds.images.command("history", "--no-trunc", "made").output.contains("hidden") == false)
        // The cache mount stays for another step, and is not a part of the key.
        let second = try build(dockerfile.replacingOccurrences(of: "ls /src >", with: "ls  /src >"))
        #expect(second.code == 0, "\(second)")
        #expect(try builds.sh("head -n4 /list") == "a\nhidden\nsecond other\n2\n")
        let missing = try builds.build("FROM box\nRUN --mount=type=secret,id=no,required=true true\n")
        #expect(missing.errors.contains("secret no is not given"), "\(missing)")
        #expect(try builds.build("FROM box\nRUN --mount=type=secret,id=no true\n").code == 0)
      }
    }

    @Test("An ssh agent: its socket has the mode and the owner of the mount, and leads to the agent")
    func agent() throws {
      try withBuilds { builds in
        let place = builds.images.directory
        let agent = try Host.spawn(["ssh-agent", "-D", "-a", "\(place)/agent"])
        defer {
          _ = kill(agent.pid, SIGTERM)
          _ = try? agent.wait()
        }
        try Host.wait(for: "the agent to be there") { Host.exists("\(place)/agent") }
        try Host.must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "of the test", "-f", "\(place)/key")
        try Host.must("env", "SSH_AUTH_SOCK=\(place)/agent", "ssh-add", "-q", "\(place)/key")
        let before = try Host.must("stat", "-c", "%a %u:%g", "\(place)/agent")
        // The program that asks, with all that it needs.
        let script = """
          mkdir -p "$1" && cp "$(command -v ssh-add)" "$1/" && ldd "$(command -v ssh-add)" | grep -o '/[^ ]*' |
            xargs -I{} cp -L --parents {} "$1"
          """
        try Host.must("/bin/sh", "-ec", script, "sh", "\(builds.context)/program")
        let output = try builds.must(
          """
          FROM box
          COPY program /program
          RUN for d in lib lib64 usr/lib; do \\
              if test -d /program/$d; then mkdir -p /$d && cp -r /program/$d/. /$d/; fi; done; cp /program/ssh-add /
          RUN --mount=type=ssh,mode=0666,uid=1000,gid=2000 stat -c 'looks %a %u:%g' $SSH_AUTH_SOCK && /ssh-add -l
          USER app
          RUN --mount=type=ssh,uid=1000 /ssh-add -l && /ssh-add -l
          RUN --mount=type=ssh stat -c 'looks %a %u:%g' $SSH_AUTH_SOCK
          """, "--ssh", "default=\(place)/agent")
        #expect(output.contains("looks 666 1000:2000\n") && output.contains("looks 600 0:0\n"), "\(output)")
        #expect(output.components(separatedBy: "of the test (ED25519)").count == 4, "\(output)")
        #expect(try Host.must("stat", "-c", "%a %u:%g", "\(place)/agent") == before)
        let missing = try builds.build("FROM box\nRUN --mount=type=ssh,required=true true\n")
        #expect(missing.errors.contains("no agent default"), "\(missing)")
      }
    }

    @Test("--debug-shell: a shell at the terminal, in the files and the environment before the step that failed")
    func debugShell() throws {
      try withBuilds { builds in
        try builds.file(
          "Dockerfile", "FROM box\nRUN echo before > /one\nENV A=env\nUSER app\nRUN echo x > /tmp/two; exit 3\n")
        let output = "\(builds.images.directory)/terminal"
        let line = builds.images.line(["build", "--debug-shell", "--progress", "plain", builds.context])
        let outcome = try Host.run([
          "sh", "-c",
          """
          type() {
            n=0; until grep -q '[$] ' $1 || test $((n += 1)) -gt 500; do sleep 0.02; done
            printf 'cat /one; test -e /tmp/two || echo "no two, $A $(id -u)"; exit 5\\n'
          }
          type "$1" | script -qefc "stty -echo; exec $2" /dev/null > $1
          """, "sh", output, line.joined(separator: " "),
        ])
        let said = Host.read(output)
        #expect(said.contains("before\r\nno two, env 1000\r\n"), "\(said)")
        #expect(said.contains("Dockerfile:5: the command"), "\(said)")
        #expect(outcome.code == 1, "\(outcome)")
        let elsewhere = try builds.build("FROM box\n", "--debug-shell")
        #expect(elsewhere.code != 0 && elsewhere.errors.contains("must be a terminal"), "\(elsewhere)")
      }
    }

    @Test("Devices are given to no RUN: one that must have it is an error")
    func devices() throws {
      try withBuilds { builds in
        try builds.must("FROM box\nRUN --device=vendor.com/class=name true\n")
        let required = try builds.build("FROM box\nRUN --device=vendor.com/class=name,required true\n")
        #expect(required.code == 1 && required.errors.contains("Dockerfile:2: RUN --device=vendor.com"), "\(required)")
      }
    }

    @Test("Networks and hosts: the host's by default, none where it says so, --add-host")
    func network() throws {
      try withBuilds { builds in
        let output = try builds.must(
          """
          FROM box
          RUN readlink /proc/self/ns/net
          RUN --network=none readlink /proc/self/ns/net
          RUN cat /etc/hosts
          """, "--add-host", "db:10.1.2.3")
        let namespaces = output.split(separator: "\n").filter { $0.hasPrefix("net:[") }.map(String.init)
        #expect(namespaces.count == 2)
        #expect(namespaces.first == (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")))
        #expect(namespaces.first != namespaces.last)
        #expect(output.contains("10.1.2.3\tdb"))
        // The names of the build, and not those that this host has in its file.
        #expect(output.contains("127.0.0.1\tlocalhost buildkitsandbox\n"))
        #expect(
          try builds.build("FROM box\nRUN --security=insecure true\n").errors.contains("--allow security.insecure"))
        try builds.must("FROM box\nRUN --security=insecure mount -t tmpfs none /tmp\n", "--allow", "security.insecure")
      }
    }

    @Test(
      "Interrupted in a RUN: no container, no image, nothing left; the steps before it stay",
      arguments: [SIGINT, SIGTERM])
    func interrupted(signal: Int32) throws {
      try withBuilds { builds in
        try builds.file("Dockerfile", "FROM box\nRUN echo 1 > /one\nRUN echo started; sleep 1000\n")
        let line = builds.images.line(["build", "--progress", "classic", "--tag", "made", builds.context])
        let child = try Host.spawn(line)
        try Host.wait(for: "the step's output") { child.output.contains("started\n") }
        _ = kill(child.pid, signal)
        let outcome = try child.wait()
        #expect(outcome.code == 130, "\(outcome)")
        #expect(outcome.errors.contains("interrupted"))
        #expect(try builds.images.must("list", "--quiet").isEmpty)
        #expect(try builds.images.command("images", "--quiet", "made").output.isEmpty)
      }
    }

    @Test("What the result is written to: files, archives, images")
    func outputs() throws {
      try withBuilds { builds in
        let dockerfile = "FROM box\nRUN echo 1 > /one\n"
        try builds.file("Dockerfile", dockerfile)
        let place = builds.images.directory
        func output(_ text: String) throws {
          try builds.images.must("build", "--quiet", "--output", text, builds.context)
        }
        try output("type=local,dest=\(place)/local")
        #expect(Host.read("\(place)/local/one") == "1\n")
        try output("type=tar,dest=\(place)/files.tar")
        #expect(try Host.must("tar", "-xOf", "\(place)/files.tar", "one") == "1\n")
        try output("type=oci,dest=\(place)/oci.tar")
        #expect(try Host.must("tar", "-tf", "\(place)/oci.tar").contains("oci-layout"))
        try output("type=docker,dest=\(place)/docker.tar")
        #expect(try Host.must("tar", "-tf", "\(place)/docker.tar").contains("manifest.json"))
      }
    }

    @Test("A cache in a directory: another store finds the steps there, and a damaged layer is none")
    func cacheDirectory() throws {
      try withBuilds { builds in
        let cache = "\(builds.images.directory)/cache"
        let dockerfile = "FROM box\nRUN echo 1 > /one\nENV A=b\n"
        try builds.must(dockerfile, "--cache-to", "type=local,dest=\(cache)")
        try builds.images.must("prune", "--all", "--force")
        try builds.images.must("import", "\(builds.images.directory)/box.tar", "box")
        let again = try builds.build(dockerfile, "--cache-from", "type=local,src=\(cache)")
        #expect(again.output.contains("Using cache"), "\(again)")
        #expect(try builds.sh("cat /one") == "1\n")
        try builds.images.must("prune", "--all", "--force")
        try builds.images.must("import", "\(builds.images.directory)/box.tar", "box")
        let blobs = "\(cache)/blobs/sha256"
        for name in try FileManager.default.contentsOfDirectory(atPath: blobs) {
          Host.write("x", to: "\(blobs)/\(name)")
        }
        let damaged = try builds.build(dockerfile, "--cache-from", "type=local,src=\(cache)")
        #expect(damaged.code == 0, "\(damaged)")
        #expect(damaged.output.contains("Running in"), "\(damaged)")
      }
    }

    @Test("The context from standard input: an archive, or a Dockerfile alone")
    func standardInput() throws {
      try withBuilds { builds in
        let line = ["build", "--quiet", "--tag", "made", "-"]
        let alone = try Host.run(builds.images.line(line), input: "FROM box\nRUN echo 1 > /one\n")
        #expect(alone.code == 0, "\(alone)")
        #expect(try builds.sh("cat /one") == "1\n")
        try builds.file("Dockerfile", "FROM box\nCOPY a /a\n")
        try builds.file("a", "from the archive\n")
        try Host.must("tar", "-C", builds.context, "-czf", "\(builds.images.directory)/context.tgz", ".")
        let script = "exec \"$0\" \"$@\" < \(builds.images.directory)/context.tgz"
        let archive = try Host.run(["/bin/sh", "-c", script] + builds.images.line(line))
        #expect(archive.code == 0, "\(archive)")
        #expect(try builds.sh("cat /a") == "from the archive\n")
      }
    }
  }
}
