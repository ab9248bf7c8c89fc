import Foundation
import Testing

extension Integration {
  /// COPY and ADD of `swiftcr build`.
  @Suite struct BuildCopyTests {
    @Test("Places: files, directories, wildcards, into what is there and what is not")
    func places() throws {
      try withBuilds { builds in
        for name in ["a.txt", "b.txt", "c.md", "dir/one", "dir/sub/two"] { try builds.file(name, "\(name)\n") }
        try builds.must(
          """
          FROM box
          COPY a.txt /file
          COPY a.txt /new/
          COPY *.txt /texts/
          COPY dir /dir
          COPY dir /home/app
          WORKDIR /work
          COPY dir/s?b/two ./
          COPY . /all/
          """)
        let list = try builds.sh("find /file /new /texts /dir /home/app /work /all -type f")
        let found = Set(list.split(separator: "\n").map(String.init))
        #expect(
          found == [
            "/file", "/new/a.txt", "/texts/a.txt", "/texts/b.txt", "/dir/one", "/dir/sub/two", "/home/app/one",
            "/home/app/sub/two", "/work/two", "/all/Dockerfile", "/all/a.txt", "/all/b.txt", "/all/c.md",
            "/all/dir/one", "/all/dir/sub/two",
          ])
      }
    }

    @Test("Owners and modes: by number, by the image's names, octal and symbolic")
    func attributes() throws {
      try withBuilds { builds in
        try builds.file("f", "f\n")
        try builds.file("d/g", "g\n")
        try builds.must(
          """
          FROM box
          COPY f /plain
          COPY --chown=7:8 f /numbers
          COPY --chown=app:staff --chmod=640 f /names
          COPY --chown=app d /new/d/
          COPY --chmod=u=rwX,go=rX d /d/
          COPY --chmod=+x f /exec
          """)
        #expect(
          try builds.sh("stat -c '%a %u:%g %n' /plain /numbers /names /new/d /new/d/g /d /d/g /exec") == """
            644 0:0 /plain
            644 7:8 /numbers
            640 1000:50 /names
            755 1000:1001 /new/d
            644 1000:1001 /new/d/g
            755 0:0 /d
            644 0:0 /d/g
            755 0:0 /exec

            """)
        let unknown = try builds.build("FROM box\nCOPY --chown=nobody f /\n")
        #expect(unknown.code == 1)
        #expect(unknown.errors.contains("unable to find user nobody"), "\(unknown)")
      }
    }

    @Test("Attributes of the directories that a layer goes through stay as they were, linked layers too")
    func parents() throws {
      try withBuilds { builds in
        try builds.file("f", "f\n")
        try builds.must(
          """
          FROM box
          COPY f /tmp/f
          COPY --link f /tmp/g
          COPY --link --chown=5 f /usr/lib/made/h
          """)
        #expect(try builds.sh("stat -c '%a' /tmp; ls /tmp; stat -c %u /usr/lib/made/h") == "1777\nf\ng\n5\n")
      }
    }

    @Test("A directory that a COPY makes is 0755, or what --chmod says in octal; what is in it keeps its mode")
    func directories() throws {
      try withBuilds { builds in
        try builds.file("d/sub/f", "f\n")
        try Host.must("chmod", "2750", "\(builds.context)/d", "\(builds.context)/d/sub")
        try builds.must(
          """
          FROM box AS other
          RUN mkdir -m 2770 /d && mkdir -m 700 /d/sub && chown 7:8 /d /d/sub
          FROM box
          COPY d /one
          COPY d /two/
          COPY --chmod=700 d /three
          COPY --chmod=go-rwx d /four
          COPY --from=other --chown=5:6 /d /five
          COPY --from=other /d /six
          COPY --parents d /seven/
          """)
        #expect(
          try builds.sh(
            "cd / && stat -c '%a %u:%g %n' one one/sub two three four four/sub five five/sub six six/sub seven/d")
              == """
              755 0:0 one
              2750 0:0 one/sub
              755 0:0 two
              700 0:0 three
              755 0:0 four
              2700 0:0 four/sub
              755 5:6 five
              700 5:6 five/sub
              755 0:0 six
              700 7:8 six/sub
              2750 0:0 seven/d

              """)
      }
    }

    @Test("Linked layers: directories on the way are the layer's own where there are none, links are not followed")
    func linked() throws {
      try withBuilds { builds in
        try builds.file("f", "f\n")
        try builds.file("deep/f", "f\n")
        try Host.must("tar", "-C", builds.context, "-cf", "\(builds.context)/a.tar", "deep/f")
        let dockerfile = """
          FROM box
          COPY --link --chown=1000:2000 f /new/dir/
          ADD --link a.tar /other/
          ADD --chown=1000:2000 a.tar /third/
          COPY --link f /tmp/f
          """
        try builds.must(dockerfile)
        #expect(
          try builds.sh("cd / && stat -c '%a %u:%g %n' new new/dir new/dir/f other other/deep third third/deep tmp")
            == """
            755 1000:2000 new
            755 1000:2000 new/dir
            644 1000:2000 new/dir/f
            755 0:0 other
            755 0:0 other/deep
            755 1000:2000 third
            755 0:0 third/deep
            1777 0:0 tmp

            """)
        // Entries of the layer, so that they are the same wherever it lies.
        let archive = "\(builds.images.directory)/made.tar"
        try builds.images.must("save", "--output", archive, "made")
        let script = """
          mkdir $1.d && tar -C $1.d -xf $1
          for file in $(find $1.d -type f); do tar -tf $file 2>/dev/null || true; done
          """
        let names = try Host.must("/bin/sh", "-ec", script, "sh", archive).split(separator: "\n")
        #expect(names.contains("new/dir/") && names.contains("other/deep/"), "\(names)")
        // A change of what is below is none for a linked layer, as long as there are the same directories to lie in.
        let changed = dockerfile.replacingOccurrences(of: "FROM box\n", with: "FROM box\nRUN echo > /n\n")
        let other = try builds.build(changed)
        #expect(other.cached == 3, "\(other)")
      }
    }

    @Test("What an ignore file leaves out is not there, and is no reason to build again")
    func ignored() throws {
      try withBuilds { builds in
        try builds.file("keep", "1\n")
        try builds.file("node/a/b", "1\n")
        try builds.file("node/keep", "1\n")
        try builds.file(".dockerignore", "node\n!node/keep\n*.log\n")
        try builds.file("x.log", "1\n")
        let dockerfile = "FROM box\nCOPY . /all/\n"
        try builds.must(dockerfile)
        let found = try builds.sh("cd /all && find . -type f").split(separator: "\n")
        #expect(Set(found) == ["./keep", "./node/keep", "./Dockerfile", "./.dockerignore"])
        try builds.file("x.log", "2\n")
        try builds.file("node/a/b", "2\n")
        #expect(try builds.build(dockerfile).cached == 1)
        let missing = try builds.build("FROM box\nCOPY x.log /\n")
        #expect(missing.errors.contains("an ignore file leaves it out"), "\(missing)")
      }
    }

    @Test("--parents keeps the places of sources, from a pivot on; --exclude leaves out")
    func parentsAndExclude() throws {
      try withBuilds { builds in
        for name in ["x/a.txt", "y/a.txt", "x/sub/b.md", "deep/er/c.txt"] { try builds.file(name, "1\n") }
        try builds.must(
          """
          FROM box
          COPY --parents x/a.txt y/a.txt /one/
          COPY --parents deep/./er/c.txt /two/
          COPY --exclude=**/*.md x /three/
          COPY --exclude=*.txt x y /five/
          COPY --parents **/b.md /six/
          COPY --exclude=sub x /seven/
          COPY --parents x/sub /four/
          """)
        let found = try builds.sh("find /one /two /three /four /five /six /seven -type f").split(separator: "\n").map(
          String.init)
        #expect(
          Set(found) == [
            "/one/x/a.txt", "/one/y/a.txt", "/two/er/c.txt", "/three/a.txt", "/four/x/sub/b.md", "/five/sub/b.md",
            "/six/x/sub/b.md", "/seven/a.txt",
          ],
          "\(found)")
      }
    }

    @Test("A context that leads out of itself is an error; links in it are followed")
    func hostileContext() throws {
      try withBuilds { builds in
        Host.write("secret\n", to: "\(builds.images.directory)/outside")
        try builds.file("inside/file", "1\n")
        for (name, target) in [
          ("up", "../outside"), ("absolute", "/etc/passwd"), ("good", "inside"), ("loop", "loop"),
          ("deep/x", "../../outside"),
        ] {
          let path = "\(builds.context)/\(name)"
          try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
          try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        }
        for source in ["up", "absolute", "deep/x", "../outside", "loop"] {
          let outcome = try builds.build("FROM box\nCOPY \(source) /x\n")
          #expect(outcome.code == 1, "\(source): \(outcome)")
          #expect(outcome.errors.contains("leads out of") || source == "loop", "\(source): \(outcome)")
        }
        try builds.must("FROM box\nCOPY good/file /file\nCOPY deep /deep\n")
        #expect(try builds.sh("cat /file; readlink /deep/x") == "1\n../../outside\n")
      }
    }

    @Test("ADD unpacks archives by what is in them, into links of the image, and refuses what climbs out")
    func archives() throws {
      try withBuilds { builds in
        let place = "\(builds.images.directory)/archive"
        try FileManager.default.createDirectory(atPath: "\(place)/lib/x", withIntermediateDirectories: true)
        Host.write("one\n", to: "\(place)/lib/x/one")
        for (option, name) in [("", "a.tar"), ("z", "a.tgz"), ("j", "a.tbz"), ("J", "a.txz")] {
          try Host.must("tar", "-C", place, "-c\(option)f", "\(builds.context)/\(name)", "lib")
          try builds.must("FROM box\nADD \(name) /\nADD --unpack=false \(name) /kept\n")
          let found = try builds.sh("cat /usr/lib/x/one; readlink /lib; test -s /kept && echo kept")
          #expect(found == "one\nusr/lib\nkept\n", "\(name)")
        }
        try Host.must("tar", "-C", place, "-cPf", "\(builds.context)/bad.tar", "../archive/lib/x/one")
        let bad = try builds.build("FROM box\nADD bad.tar /\n")
        #expect(bad.errors.contains("leads out of the archive"), "\(bad)")
        try builds.file("broken.tar.gz", "\u{1f}no archive\n")
        try builds.must("FROM box\nADD broken.tar.gz /broken\n")
        #expect(try builds.sh("wc -c < /broken").hasPrefix("12") == true)
      }
    }
  }
}
