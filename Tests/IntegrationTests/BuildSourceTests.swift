import Foundation
import Glibc
import Testing

extension Integration {
  /// `swiftcr build`: files and images that are not in the context.
  @Suite struct BuildSourceTests {
    @Test("ADD of addresses: alone, several, together with files, kept or unpacked, with a digest")
    func addresses() throws {
      try withBuilds { builds in
        let pages = "\(builds.images.directory)/pages"
        try FileManager.default.createDirectory(atPath: pages, withIntermediateDirectories: true)
        Host.write("one\n", to: "\(pages)/one")
        Host.write("two\n", to: "\(pages)/two")
        try Host.must("tar", "-C", pages, "-czf", "\(pages)/pages.tgz", "one")
        try builds.file("file", "file\n")
        try withServer(pages) { address in
          let digest = try Host.must("sha256sum", "\(pages)/one").prefix(64)
          try builds.must(
            """
            FROM box
            ADD \(address)/one /renamed
            ADD \(address)/one \(address)/two /both/
            ADD \(address)/one file /mixed/
            ADD \(address)/pages.tgz /kept/
            ADD --unpack \(address)/pages.tgz /unpacked/
            ADD --checksum=sha256:\(digest) --chown=5:6 --chmod=640 \(address)/one /looks
            """)
          #expect(
            try builds.sh("cat /renamed /unpacked/one; ls /both /mixed /kept; stat -c '%a %u:%g' /renamed /looks")
              == "one\none\n/both:\none\ntwo\n\n/kept:\npages.tgz\n\n/mixed:\nfile\none\n600 0:0\n640 5:6\n")
          let wrong = try builds.build(
            "FROM box\nADD --checksum=sha256:\(String(repeating: "0", count: 64)) \(address)/one /\n")
          #expect(wrong.code == 1 && wrong.errors.contains("is expected"), "\(wrong)")
          let several = try builds.build("FROM box\nADD --checksum=sha256:\(digest) \(address)/one file /x/\n")
          #expect(several.code == 1 && several.errors.contains("the only source"), "\(several)")
          #expect(try builds.build("FROM box\nADD \(address)/none /\n").code == 1)
        }
      }
    }

    @Test("ADD of a repository of this host: a revision, a directory of it, its .git, and its commit as the checksum")
    func repositories() throws {
      try withBuilds { builds in
        let place = "\(builds.images.directory)/repository"
        let script = """
          export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a \
            GIT_COMMITTER_EMAIL=a@b
          git init -q -b main "$1" && cd "$1" && mkdir sub && echo 1 >sub/f && git add . && git commit -qm 1 && git tag v1
          echo 2 >sub/f && git commit -qam 2 && git rev-parse v1
          """
        let commit = try Host.must("/bin/sh", "-ec", script, "sh", place).trimmingCharacters(in: .newlines)
        let dockerfile = """
          FROM box
          ADD file://\(place) /head
          ADD file://\(place)#v1:sub /directory
          ADD --checksum=\(commit) file://\(place)#v1 /checked
          ADD --checksum=\(commit.prefix(12)) --keep-git-dir=true file://\(place)#v1 /kept
          """
        try builds.must(dockerfile)
        #expect(
          try builds.sh("cat /head/sub/f /directory/f /checked/sub/f; ls -d /*/.git") == "2\n1\n1\n/kept/.git\n")
        // What is in .git is not the same each time; the commit is.
        #expect(try builds.build(dockerfile).cached == 4)
        let wrong = try builds.build("FROM box\nADD --checksum=\(commit) file://\(place) /x\n")
        #expect(wrong.code == 1 && wrong.errors.contains("where \(commit) is expected"), "\(wrong)")
        let remote = try builds.build("FROM box\nADD https://example.com/a.git /x\n")
        #expect(remote.code == 1 && remote.errors.contains("from this host only"), "\(remote)")
      }
    }

    @Test("--build-context: a directory, an image, a layout, and one that takes a base image's place")
    func contexts() throws {
      try withBuilds { builds in
        let place = builds.images.directory
        try builds.must("FROM box\nRUN echo other > /file\n")
        try builds.images.must("tag", "made", "other")
        try builds.images.must("save", "--format", "oci-dir", "--output", "\(place)/layout", "other")
        try FileManager.default.createDirectory(atPath: "\(place)/directory", withIntermediateDirectories: true)
        Host.write("directory\n", to: "\(place)/directory/file")
        Host.write("1\n", to: "\(place)/directory/x.log")
        Host.write("*.log\n", to: "\(place)/directory/.dockerignore")
        try builds.must(
          """
          FROM nosuch
          COPY --from=files / /files/
          COPY --from=layout /file /layout
          RUN --mount=from=image,target=/m cat /m/file > /image
          """, "--build-context", "nosuch=docker-image://other", "--build-context", "files=\(place)/directory",
          "--build-context", "layout=oci-layout://\(place)/layout", "--build-context", "image=docker-image://other")
        #expect(
          try builds.sh("cat /file /files/file /layout /image; ls /files") == "other\ndirectory\nother\nother\nfile\n")
        let base = try builds.build("FROM files\n", "--build-context", "files=\(place)/directory")
        #expect(base.errors.contains("a directory is no image"), "\(base)")
      }
    }

    @Test("--iidfile has the image's id, --metadata-file its digests and names")
    func files() throws {
      try withBuilds { builds in
        let place = builds.images.directory
        try builds.must(
          "FROM box\nENV A=b\n", "--iidfile", "\(place)/id", "--metadata-file", "\(place)/metadata.json")
        let id = try builds.config("Id")
        #expect("\"\(Host.read("\(place)/id"))\"" == id)
        func member(_ name: String) throws -> String {
          try Host.must("jq", "-c", ".[\"\(name)\"]", "\(place)/metadata.json").trimmingCharacters(in: .newlines)
        }
        #expect(try member("containerimage.config.digest") == id)
        #expect(try member("containerimage.digest").hasPrefix("\"sha256:"))
        #expect(try member("image.name") == #""docker.io/library/made:latest""#)
      }
    }

    /// A server of the directory's files on the loopback.
    private func withServer(_ directory: String, _ body: (String) throws -> Void) throws {
      let child = try Host.spawn(
        ["python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", directory])
      defer {
        _ = kill(child.pid, SIGKILL)
        _ = try? child.wait()
      }
      try Host.wait(for: "the server to be there") { child.output.contains(" port ") }
      let port = try #require(child.output.firstMatch(of: /port (\d+)/)?.1)
      try body("http://127.0.0.1:\(port)")
    }
  }
}
