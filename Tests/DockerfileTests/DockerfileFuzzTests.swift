import Testing

@testable import Dockerfile

@Suite struct DockerfileFuzzTests {
  private static let dockerfile = """
    # syntax=docker/dockerfile:1
    # check=skip=StageNameCasing;error=true
    ARG version=1 empty=
    FROM --platform=$BUILDPLATFORM debian:${version%.*} AS base
    ENV A="b c" D=$A${E:-f} G='h'
    RUN --mount=type=cache,id=x,target=/c,sharing=locked,uid=1 --network=none set -e; \\
      # why
      true && \\

      false
    RUN <<-'A' <<B cat
    \ta $x
    \tA
    b
    B
    COPY --from=base --chown=1:2 --chmod=u+x --exclude=*.c --link ["a b", "/c"]
    ADD --checksum=sha256:0 --unpack=true https://a/b <<C d/
    ${x/y/z}
    C
    HEALTHCHECK --interval=1m30s --retries=3 CMD ["a", "\\u00e9"]
    ONBUILD COPY a b
    EXPOSE 80/tcp 8000-8010
    LABEL a.b="c" "d"=e
    FROM scratch
    SHELL ["/bin/sh", "-c"]
    VOLUME /a /b
    """

  private static let patterns = "*.o\n!a/**/b\n[a-z]?/\\*\n**/c*d\n# e\n/f/../g\n"
  private static let text = "a${x:-b${y#*c}}'d'\"$z\\\"\"${x//?e*/${y%%f}}\\$g <<h${i:?j}${x:+k}"

  private static let tokens = [
    "\\\n", "\\", "`", "\"", "'", "<<", "<<-", "${", "}", "$", "[", "]", "{", "--", "=", ",", "*", "**", "!", "/", "#",
    "\n",
    "\r\n", "\t", "\0", "\u{301}", "\u{2028}", "ONBUILD ", "FROM a AS b\n", "RUN <<A\n", "--mount=type=",
    "ARG x=$x$x$x$x\n",
    "${x//*/", "${x%%*?*", ":-", "%", "?", "é", "\u{FEFF}",
  ]

  private static func mutated(_ text: String, _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = Array(text.utf8)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0...bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: if place < bytes.count { bytes[place] = UInt8.random(in: .min ... .max, using: &random) }
      case 1: bytes.removeSubrange(place..<min(place + 5, bytes.count))
      case 2: bytes.removeSubrange(place...)
      case 3: bytes.insert(contentsOf: (tokens.randomElement(using: &random) ?? "").utf8, at: place)
      default:
        let start = Int.random(in: 0...bytes.count, using: &random)
        bytes.insert(contentsOf: bytes[start..<min(start + 40, bytes.count)], at: place)
      }
    }
    return bytes
  }

  private func check(_ error: DockerfileError, _ bytes: [UInt8]) {
    let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
    let isPlaced = error.line >= 0 && error.line <= lines && (error.column ?? 1) >= 1
    let isOneLine =
      !error.reason.isEmpty && error.reason.utf8.count < 1000
      && error.reason.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    let isShown = error.rendered(file: "D").utf8.allSatisfy { $0 >= 0x20 || $0 == UInt8(ascii: "\n") }
    if !isPlaced || !isOneLine || !isShown { Issue.record("\(error)") }
  }

  /// Each is read or refused with a reason and a place, and what is read can be checked.
  @Test(arguments: 0..<4)
  func dockerfiles(part: UInt64) throws {
    var random = SeededGenerator(seed: 0xD0C + part)
    var (read, refused) = (0, 0)
    for _ in 0..<800 {
      let bytes = Self.mutated(Self.dockerfile, &random)
      do throws(DockerfileError) {
        let file = try Dockerfile.parse(bytes)
        read += 1
        let isBounded = file.warnings().allSatisfy { $0.message.utf8.count < 1000 && !$0.message.contains("\n") }
        if !isBounded { Issue.record("\(file.warnings())") }
        for instruction in file.stages.flatMap(\.instructions) {
          guard case .onBuild(let trigger) = instruction.operation else { continue }
          _ = try Dockerfile.instruction(onBuild: trigger, escape: file.directives.escape)
        }
      } catch {
        refused += 1
        check(error, bytes)
      }
    }
    #expect(read > 50 && refused > 150)
  }

  @Test(arguments: 0..<4)
  func ignoreFiles(part: UInt64) throws {
    var random = SeededGenerator(seed: 0x16 + part)
    var (read, refused) = (0, 0)
    for _ in 0..<2000 {
      let bytes = Self.mutated(Self.patterns, &random)
      do throws(DockerfileError) {
        let patterns = try IgnorePatterns(parsing: bytes)
        read += 1
        for path in ["a/x/b", "c/cd", "g", "ab/*", "../é/\u{301}", ""] {
          if patterns.ignores(path) && !patterns.mayContainIncluded(below: path)
            && patterns.ignores("\(path)/y") != true
          {
            Issue.record("\(path): \(String(decoding: bytes, as: UTF8.self).debugDescription)")
          }
        }
      } catch {
        refused += 1
        check(error, bytes)
      }
    }
    #expect(read > 500 && refused > 100)
  }

  @Test(arguments: 0..<4)
  func expansions(part: UInt64) throws {
    var random = SeededGenerator(seed: 0xE + part)
    let values = ["x": "aebe\nc", "y": "ccf", "z": String(repeating: "z", count: 1000), "i": "k"]
    var (read, refused) = (0, 0)
    for _ in 0..<3000 {
      let bytes = Self.mutated(Self.text, &random)
      let text = String(decoding: bytes, as: UTF8.self)
      do throws(DockerfileError) {
        let expansion = try Expander().expand(text) { values[$0] }
        let words = try Expander().words(text) { values[$0] }
        read += 1
        if expansion.text.utf8.count > 100_000 || words.count > 10_000 { Issue.record("\(text)") }
      } catch {
        refused += 1
        check(error, bytes)
      }
    }
    #expect(read > 500 && refused > 500)
  }

  /// As large as a file may be, of what costs most: all of them come to an end, which is all that is asked here.
  @Test(arguments: [
    ("words", "ENV ", "a=b ", ""), ("open quotes", "ENV a=", "\"'", ""), ("flags", "RUN ", "--a ", ""),
    ("escapes", "ENV a=", "\\\\", ""), ("continued lines", "RUN a", " \\\n", ""), ("comments", "RUN a \\\n", "#\n", ""),
    ("heredocs", "RUN ", "<<A ", "\n"), ("substitutions", "USER ", "${a:-", ""), ("triggers", "", "ONBUILD ", ""),
    ("an array", "CMD [", "\"a\",", "\"\"]"), ("a deep array", "CMD ", "[", ""), ("stages", "", "FROM a AS b\n", ""),
    ("variables", "ENV a=", "$a", "\nENV b=$a"),
    ("doubling", "", "ARG a=b$a$a\(String(repeating: " ", count: 100))\n", ""),
    ("comma lists", "RUN --mount=", "target=a,", ""),
  ])
  func largeFiles(name: String, start: String, middle: String, end: String) {
    var bytes = Array("FROM scratch\n\(start)".utf8)
    // A line may have 64 KiB only, a file much more.
    let wanted = middle.contains("\n") ? SourceLine.largestFile : SourceLine.longest
    let room = wanted - bytes.count - end.utf8.count
    for _ in 0..<(room / middle.utf8.count) { bytes += middle.utf8 }
    bytes += end.utf8
    do throws(DockerfileError) {
      _ = try Dockerfile.parse(bytes).warnings()
    } catch {
      check(error, bytes)
    }
  }

  @Test(arguments: [
    ("stars", String(repeating: "*a", count: 2000)), ("directories", String(repeating: "**/a", count: 1000)),
    ("choices", String(repeating: "[a-b]*", count: 600)), ("questions", String(repeating: "?*", count: 2000)),
  ])
  func slowPatterns(name: String, pattern: String) throws {
    let patterns = try IgnorePatterns(["\(pattern)x"])
    #expect(!patterns.ignores(String(repeating: "a", count: 1500) + "\n/c"))
  }
}
