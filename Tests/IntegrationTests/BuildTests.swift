import Foundation
import Testing

extension Integration {
  /// `swiftcr build`: what instructions make.
  @Suite struct BuildTests {
    @Test("The article's image: built in the classic form, run, and the second time from the cache")
    func article() throws {
      try withBuilds { builds in
        let dockerfile = """
          # step1
          FROM box
          # step2
          RUN echo built > /made
          CMD ["echo","hello"]
          """
        let first = try builds.build(dockerfile)
        #expect(first.code == 0, "\(first)")
        let lines = first.lines
        #expect(lines.first == "Step 1/3 : FROM box")
        #expect(lines.contains("Step 2/3 : RUN echo built > /made"))
        #expect(lines.contains { $0.hasPrefix(" ---> Running in ") })
        #expect(lines.dropLast().last?.hasPrefix("Successfully built ") == true)
        #expect(lines.last == "Successfully tagged made:latest")
        #expect(first.cached == 0)
        #expect(try builds.images.must("run", "--rm", "--image", "made") == "hello\n")
        let second = try builds.build(dockerfile)
        #expect(second.cached == 2, "\(second)")
        #expect(second.lines.suffix(2) == first.lines.suffix(2))
      }
    }

    @Test("Each step that changes files makes one layer, with what it changed and nothing else")
    func layers() throws {
      try withBuilds { builds in
        try builds.file("a", "a\n")
        try builds.must(
          """
          FROM box
          RUN echo one > /one && mkdir -p /d/e && echo x > /d/e/f
          RUN rm -r /d/e && rm /one && ln /etc/passwd /link
          COPY a /a
          ENV A=1
          WORKDIR /work/dir
          """)
        #expect(try builds.sh("ls /d; test -e /one || echo gone; cat /a; pwd") == "gone\na\n/work/dir\n")
        #expect(try builds.config("RootFS.Layers | length") == "5")
        let history = try builds.images.must("history", "--no-trunc", "made")
        #expect(history.contains("RUN /bin/sh -c rm -r /d/e && rm /one && ln /etc/passwd /link # buildkit"))
        #expect(history.contains("ENV A=1"))
        let which = try builds.images.command("layer", "which", "made", "/etc/resolv.conf")
        #expect(which.errors.contains("/etc/resolv.conf is in no layer"), "\(which)")
      }
    }

    @Test("The configuration has what the instructions say")
    func configuration() throws {
      try withBuilds { builds in
        try builds.must(
          """
          FROM box
          ARG VERSION=1.0
          ENV A=$VERSION B="two words" C=${A:-unset}
          LABEL one="1" two=$A
          EXPOSE 80 443/udp 8000-8002
          VOLUME ["/data", "/more"]
          USER app:staff
          WORKDIR /srv
          WORKDIR app
          STOPSIGNAL SIGUSR1
          SHELL ["/bin/sh", "-e", "-c"]
          HEALTHCHECK --interval=5s --retries=3 CMD true
          ENTRYPOINT ["/bin/echo"]
          CMD echo $A
          ONBUILD RUN true
          MAINTAINER somebody
          """, "--label", "given=yes")
        let path = "Config"
        #expect(try builds.config("\(path).Env").contains("\"A=1.0\",\"B=two words\",\"C=unset\""))
        #expect(try builds.config("\(path).Labels") == #"{"given":"yes","one":"1","two":"1.0"}"#)
        #expect(
          try builds.config("\(path).ExposedPorts | keys")
            == #"["443/udp","80/tcp","8000/tcp","8001/tcp","8002/tcp"]"#)
        #expect(try builds.config("\(path).Volumes | keys") == #"["/data","/more"]"#)
        #expect(try builds.config("\(path).User") == #""app:staff""#)
        #expect(try builds.config("\(path).WorkingDir") == #""/srv/app""#)
        #expect(try builds.config("\(path).StopSignal") == #""SIGUSR1""#)
        #expect(try builds.config("\(path).Shell") == #"["/bin/sh","-e","-c"]"#)
        #expect(try builds.config("\(path).Healthcheck.Test") == #"["CMD-SHELL","true"]"#)
        #expect(try builds.config("\(path).Entrypoint") == #"["/bin/echo"]"#)
        #expect(try builds.config("\(path).Cmd") == #"["/bin/sh","-e","-c","echo $A"]"#)
        #expect(try builds.config("\(path).OnBuild") == #"["RUN true"]"#)
        #expect(try builds.config("Author") == #""somebody""#)
      }
    }

    @Test("RUN has the environment, the user, the directory and the shell of the instructions before it")
    func run() throws {
      try withBuilds { builds in
        let output = try builds.must(
          """
          FROM box
          ENV A=env B=env
          ARG A=arg
          ARG D=default
          USER app
          WORKDIR /home/app
          RUN echo "$A $B $D $(id -u):$(id -g) $(pwd) $HOME"
          SHELL ["/bin/sh", "-xc"]
          RUN true
          RUN ["/bin/echo", "$A"]
          """, "--build-arg", "D=given")
        #expect(output.contains("env env given 1000:1001 /home/app /home/app\n"))
        #expect(output.contains("+ true\n"))
        #expect(output.contains("\n$A\n"))
      }
    }

    @Test("Stages: unused ones are not built, --target, COPY --from, FROM another stage")
    func stages() throws {
      try withBuilds { builds in
        let dockerfile = """
          ARG BASE=box
          FROM ${BASE} AS one
          RUN echo one > /file
          FROM $BASE AS unused
          RUN exit 7
          FROM one AS two
          RUN echo two >> /file
          FROM box
          COPY --from=two /file /copied
          COPY --from=0 /file /zero
          COPY --from=box /etc/group /group
          """
        let output = try builds.must(dockerfile)
        #expect(!output.contains("exit 7"))
        #expect(try builds.sh("cat /copied /zero; head -n1 /group") == "one\ntwo\none\nroot:x:0:\n")
        try builds.must(dockerfile, "--target", "one")
        #expect(try builds.sh("cat /file") == "one\n")
        let unknown = try builds.build(dockerfile, "--target", "three")
        #expect(unknown.code == 1)
        #expect(unknown.errors.contains("--target three: no such stage: there are one, unused, two"))
        let circle = try builds.build(
          "FROM box AS a\nCOPY --from=b / /\nFROM box AS b\nCOPY --from=a / /\n")
        #expect(circle.errors.contains("in a circle"), "\(circle)")
      }
    }

    @Test("A stage has the arguments of the stage that it begins with, and no other stage has")
    func inheritedArguments() throws {
      try withBuilds { builds in
        let output = try builds.must(
          """
          FROM box AS one
          ARG A=one
          ARG B=two
          FROM one AS two
          ARG B
          RUN echo "[$A $B]"
          FROM box
          COPY --from=two /etc/group /g
          RUN echo "[$A]"
          """)
        #expect(output.contains("[one two]\n") && output.contains("[]\n"), "\(output)")
      }
    }

    @Test("WORKDIR makes its directories for the user")
    func workingDirectories() throws {
      try withBuilds { builds in
        try builds.must("FROM box\nUSER 1000:2000\nWORKDIR /a/b\nUSER app\nWORKDIR /c\nUSER 0\nWORKDIR /tmp\n")
        #expect(
          try builds.sh("stat -c '%a %u:%g' /a /a/b /c /tmp")
            == "755 1000:2000\n755 1000:2000\n755 1000:1001\n1777 0:0\n")
      }
    }

    @Test("EXPOSE with an address or a port of the host: the container's port, and a warning")
    func hostPorts() throws {
      try withBuilds { builds in
        let output = try builds.must("FROM box\nEXPOSE 127.0.0.1:8080:80 53/UDP\n")
        #expect(output.contains("ExposeInvalidFormat"), "\(output)")
        #expect(try builds.config("Config.ExposedPorts | keys") == #"["53/udp","80/tcp"]"#)
      }
    }

    @Test("The last error is the failing step's, whoever waited for it", arguments: ["plain", "classic"])
    func failingStage(progress: String) throws {
      try withBuilds { builds in
        let dockerfile = """
          FROM box AS last
          COPY --from=middle /x /x
          FROM box AS middle
          RUN --mount=from=first,target=/m touch /x
          FROM box AS first
          RUN exit 7
          FROM last
          COPY --from=first / /all
          """
        try builds.file("Dockerfile", dockerfile)
        let outcome = try builds.images.command("build", "--progress", progress, builds.context)
        #expect(outcome.code == 1)
        #expect(!outcome.errors.contains("needs has failed"), "\(outcome)")
        #expect(
          outcome.errors.hasSuffix(
            "Dockerfile:6: the command '/bin/sh -c exit 7' returned a non-zero code: 7\n  6 | RUN exit 7\n"),
          "\(outcome)")
      }
    }

    @Test("Heredocs: scripts, scripts with an interpreter of their own, files")
    func heredocs() throws {
      try withBuilds { builds in
        try builds.must(
          """
          FROM box
          ARG NAME=world
          RUN <<EOF
          echo first > /out
          echo $NAME >> /out
          EOF
          RUN <<EOF
          #!/bin/sh
          echo script $0 >> /out
          EOF
          RUN cat <<'EOF' >> /out
          $NAME
          EOF
          COPY <<one <<"two" /etc/files/
          hello $NAME
          one
          $NAME
          two
          """)
        #expect(
          try builds.sh("cat /out /etc/files/one /etc/files/two; ls /dev/pipes 2>/dev/null || true")
            == "first\nworld\nscript /dev/pipes/EOF\n$NAME\nhello world\n$NAME\n")
      }
    }

    @Test("A failing RUN: its code, its line, no image, and the steps before it stay in the cache")
    func failure() throws {
      try withBuilds { builds in
        let dockerfile = "FROM box\nRUN echo done > /one\nRUN echo problem >&2; exit 3\nRUN true\n"
        let first = try builds.build(dockerfile)
        #expect(first.code == 1)
        #expect(
          first.errors.contains(
            "Dockerfile:3: the command '/bin/sh -c echo problem >&2; exit 3' returned a non-zero code: 3"))
        #expect(first.errors.contains("3 | RUN echo problem >&2; exit 3"))
        #expect(try builds.images.command("images", "--quiet", "made").output.isEmpty)
        let second = try builds.build(dockerfile)
        #expect(second.cached == 1, "\(second)")
      }
    }

    @Test("What is no Dockerfile, or cannot be had: one error with its line, and nothing is left")
    func mistakes() throws {
      try withBuilds { builds in
        for (dockerfile, reason) in [
          ("FROM box\nRUNN x\n", "Dockerfile:2:1: unknown instruction \"RUNN\"; did you mean RUN?"),
          ("FROM box\n// step1\n", "a comment begins with #"),
          ("RUN x\n", "before the first FROM"),
          ("", "FROM"),
          ("FROM box\nCOPY nosuch /\n", "Dockerfile:2: \"/nosuch\": not found in the context"),
          ("FROM box\nENV A=${B:?it is missing}\n", "it is missing"),
          ("# syntax=other/language:1\nFROM box\n", "no such front end here"),
          ("FROM --platform=linux/s390x box\n", "Dockerfile:1: box: the image in the store is for linux/"),
          ("FROM box\nEXPOSE 99999\n", "Dockerfile:2: EXPOSE: expected PORT"),
          ("FROM ${NOTHING}\n", "the base is empty"),
          ("FROM box\nCOPY --from=0 /a /b\n", "cannot copy from itself"),
          ("FROM box\nCOPY --chmod=rw Dockerfile /\n", "--chmod=rw: expected"),
          ("FROM box\nWORKDIR /etc/passwd\n", "there is a file in its place"),
        ] {
          let outcome = try builds.build(dockerfile)
          #expect(outcome.code == 1, "\(dockerfile): \(outcome)")
          #expect(outcome.errors.contains(reason), "\(dockerfile): \(outcome)")
        }
        #expect(try builds.images.command("images", "--quiet", "made").output.isEmpty)
      }
    }

    @Test("--check builds nothing, and fails where a check found something; without it, that is a warning")
    func checks() throws {
      try withBuilds { builds in
        let good = try builds.build("FROM box\nRUN exit 9\n", "--check")
        #expect(good.code == 0 && good.output.contains("no warnings found"), "\(good)")
        let bad = try builds.build("FROM box\nmaintainer me\n", "--check")
        #expect(bad.code == 1 && bad.output.contains("WARNING: Dockerfile:2: MaintainerDeprecated"), "\(bad)")
        #expect(try builds.must("FROM box\nMAINTAINER me\n").contains("WARNING: Dockerfile:2: MaintainerDeprecated"))
        #expect(try builds.build("# check=error=true\nFROM box\nMAINTAINER me\n").code == 1)
      }
    }

    @Test("ONBUILD of the base is carried out, once")
    func onBuild() throws {
      try withBuilds { builds in
        try builds.file("f", "f\n")
        try builds.must("FROM box\nONBUILD COPY f /f\nONBUILD RUN cat /f > /g\n")
        try builds.images.must("tag", "made", "base")
        try builds.must("FROM base\nRUN cat /g > /h\n")
        #expect(try builds.sh("cat /h") == "f\n")
        #expect(try builds.config("Config.OnBuild") == "null")
      }
    }

    @Test("podman sees the same files", .enabled(if: Podman.isInstalled, "podman is not installed"))
    func podman() throws {
      try withBuilds { builds in
        try builds.must(
          "FROM box\nRUN rm -r /home && mkdir /home && echo 1 > /home/one\nCMD [\"ls\", \"/home\"]\n")
        let archive = "\(builds.images.directory)/image.tar"
        try builds.images.must("save", "--output", archive, "made")
        let podman = try Podman(builds.images.directory)
        try podman.must("load", "--quiet", "-i", archive)
        let root = try podman.must("image", "mount", "docker.io/library/made").trimmingCharacters(in: .newlines)
        defer { _ = try? podman.must("image", "unmount", "docker.io/library/made") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(root)/home") == ["one"])
      }
    }
  }
}
