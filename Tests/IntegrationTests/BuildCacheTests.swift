import Foundation
import Testing

extension Integration {
  /// When a step of `swiftcr build` is carried out again.
  @Suite struct BuildCacheTests {
    @Test("A file's content and mode decide, its time does not")
    func contents() throws {
      try withBuilds { builds in
        try builds.file("a", "1\n")
        let dockerfile = "FROM box\nCOPY a /a\nRUN cat /a > /b\n"
        try builds.must(dockerfile)
        try Host.must("touch", "-d", "2001-01-01", "\(builds.context)/a")
        #expect(try builds.build(dockerfile).cached == 2)
        try Host.must("chmod", "600", "\(builds.context)/a")
        #expect(try builds.build(dockerfile).cached == 0)
        try builds.file("a", "2\n")
        #expect(try builds.build(dockerfile).cached == 0)
        #expect(try builds.sh("cat /b") == "2\n")
        // The same again: found by what is in it.
        try builds.file("a", "1\n")
        #expect(try builds.build(dockerfile).cached == 2)
        #expect(try builds.sh("cat /b") == "1\n")
      }
    }

    @Test("ARG decides where it is used, ENV where it is seen, and --explain-cache says so")
    func variables() throws {
      try withBuilds { builds in
        let dockerfile = "FROM box\nRUN true > /one\nARG V=1\nRUN echo $V > /two\nENV E=$V\nRUN true > /three\n"
        try builds.must(dockerfile)
        let other = try builds.build(dockerfile, "--build-arg", "V=2", "--explain-cache")
        #expect(other.output.contains("not from the cache: ARG V was 1, and is 2"), "\(other)")
        #expect(try builds.sh("cat /two") == "2\n")
        let command = try builds.build(dockerfile.replacingOccurrences(of: "/one", with: "/uno"), "--explain-cache")
        #expect(command.output.contains("the command was"), "\(command)")
        try builds.file("a", "1\n")
        try builds.must("FROM box\nCOPY a /a\n")
        try builds.file("a", "2\n")
        let file = try builds.build("FROM box\nCOPY a /a\n", "--explain-cache")
        #expect(file.output.contains("not from the cache: file a has changed"), "\(file)")
      }
    }

    @Test("--no-cache carries out all steps; the same image comes out where nothing depends on the time")
    func without() throws {
      try withBuilds { builds in
        try builds.file("a", "1\n")
        let dockerfile = "FROM box\nRUN echo x > /x\nCOPY a /a\nWORKDIR /w\nENV A=b\n"
        let epoch = ["SOURCE_DATE_EPOCH": "1700000000"]
        try builds.must(dockerfile, environment: epoch)
        let first = try builds.config("Id")
        try Host.must("touch", "\(builds.context)/a")
        let again = try builds.build(dockerfile, "--no-cache", environment: epoch)
        #expect(again.cached == 0)
        #expect(try builds.config("Id") == first)
        #expect(try builds.sh("stat -c %Y /x /w") == "1700000000\n1700000000\n")
      }
    }

    @Test("prune takes steps whose layers no image has; what is built after it is right")
    func prune() throws {
      try withBuilds { builds in
        let dockerfile = "FROM box\nRUN echo 1 > /one\nRUN echo 2 > /two\n"
        try builds.must(dockerfile)
        try builds.images.must("prune", "--force")
        #expect(try builds.build(dockerfile).cached == 2)
        try builds.images.must("rmi", "made")
        #expect(try builds.build(dockerfile).cached == 2, "rmi leaves the cache alone")
        try builds.images.must("rmi", "made")
        try builds.images.must("prune", "--force")
        #expect(try builds.build(dockerfile).cached == 0)
        #expect(try builds.sh("cat /one /two") == "1\n2\n")
      }
    }

    @Test("Damaged records of the cache are as none")
    func damage() throws {
      try withBuilds { builds in
        let dockerfile = "FROM box\nRUN echo 1 > /one\n"
        try builds.must(dockerfile)
        let steps = "\(builds.images.store)/build/steps"
        let records = try FileManager.default.contentsOfDirectory(atPath: steps)
        for name in records { Host.write("{", to: "\(steps)/\(name)") }
        #expect(try builds.build(dockerfile).cached == 0)
        let layers = "\(builds.images.store)/layers/sha256"
        let before = Set(try FileManager.default.contentsOfDirectory(atPath: layers))
        try builds.must("FROM box\nRUN echo 2 > /two\n")
        for name in Set(try FileManager.default.contentsOfDirectory(atPath: layers)).subtracting(before) {
          try FileManager.default.removeItem(atPath: "\(layers)/\(name)")
        }
        #expect(try builds.build("FROM box\nRUN echo 2 > /two\n").cached == 0)
        #expect(try builds.sh("cat /two") == "2\n")
        // The first image of it has lost its layer for good.
        try builds.images.must("prune", "--all", "--force")
      }
    }
  }
}
