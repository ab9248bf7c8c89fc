import Testing

@testable import Dockerfile

@Suite struct IgnorePatternTests {
  /// The rules that moby/patternmatcher has, one pattern and one path each.
  @Test(arguments: [
    ("*", "a", true), ("*.go", "a.go", true), ("*.go", "b/a.go", false), ("a", "a/b/c", true), ("a/", "a/b", true),
    ("/a", "a", true), ("./a//b/../c", "a/c", true), ("a/*", "a/b", true), ("a/*", "a/b/c", true), ("a/*", "a", false),
    ("a?c", "abc", true), ("a?c", "a/c", false), ("a?c", "a☺c", true), ("a[b-d]e", "ace", true),
    ("a[b-d]e", "aae", false), ("a[^b-d]e", "aze", true), ("[\\]a]", "]", true), ("[\\-x]", "-", true),
    ("a\\*b", "a*b", true), ("a\\*b", "axb", false), ("a\\\\", "a\\", true), ("abc.def", "abcZdef", false),
    ("a(b)c", "a(b)c", true), ("a.|)$(}+{bc", "a.|)$(}+{bc", true), ("**", "a/b", true), ("**/", "a", true),
    ("**/a", "a", true), ("**/a", "b/c/a", true), ("**/a", "b/a/c", true), ("**/a", "ba", false),
    ("**a", "b/ca", true), ("**/a*", "b/c/ab", true), ("**/a*", "ba", false), ("**a*", "ba", false),
    ("a/**", "a", false), ("a/**", "a/b/c", true), ("a**", "ab/c", true), ("a**/*.txt", "a/b/c.txt", true),
    ("a**/*.txt", "ab.txt", true), ("a**/*.txt", "b.txt", false), ("**/**/*.txt", "c.txt", true),
    ("**/b/*", "a/b/c", true),
    ("**/b/**", "a/b", false),
    ("**/b/**", "a/b/c/d", true), ("a/**/b", "a/b", true), ("a/**/b", "a/c/d/b", true), ("a/**/b", "ab", false),
    ("a*b*c/f", "axbxc/f", true), ("a*b*c/f", "axb/c/f", false), ("#a", "#a", false), (" a ", "a", true),
    (".", "a", false), ("..", "a", false), ("*", ".", false), ("a", "b", false), ("", "a", false),
  ])
  func patterns(pattern: String, path: String, isIgnored: Bool) throws {
    #expect(try IgnorePatterns(parsing: Array(pattern.utf8)).ignores(path) == isIgnored)
  }

  @Test(arguments: [
    ("exceptions", "a\n!a/b\n", ["a/c": true, "a/b": false, "a/b/d": false]),
    ("the last match decides", "!a\na\n", ["a": true]),
    ("an exception's exception", "**\n!a\na/b\n", ["a": false, "a/b": true, "a/c": false, "d": true]),
    ("comments and blank lines", "# a\n\n  \nb\n", ["a": false, "b": true]),
    ("white space and slashes", "  ! /a/ \n", ["a": false]),
    ("a byte order mark", "\u{FEFF}a\n", ["a": true]),
    ("carriage returns", "a\r\nb\r\n", ["a": true, "b": true]),
  ])
  func files(name: String, text: String, paths: [String: Bool]) throws {
    let patterns = try IgnorePatterns(parsing: Array(text.utf8))
    for (path, isIgnored) in paths { #expect(patterns.ignores(path) == isIgnored, "\(path)") }
  }

  @Test(arguments: [
    ("[", 1, "a [ without its ]"), ("a\n[]a]", 2, "needs a \\"), ("[z-a]", 1, "backwards"),
    ("a\\", 1, "nothing after \\"),
    ("a\n\n!", 3, "a ! without a pattern"), ("[a-", 1, "a [ without"), ("[^", 1, "a [ without"),
    ("[-x]", 1, "needs a \\"),
    (String(repeating: "a", count: 5000), 1, "the most is 4096"),
    (String(repeating: "a\n", count: 150_000), 0, "bytes"),
  ])
  func faults(text: String, line: Int, reason: String) {
    let error = #expect(throws: DockerfileError.self) { try IgnorePatterns(parsing: Array(text.utf8)) }
    #expect(error?.line == line)
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
  }

  @Test(arguments: [
    ("a", "a", false), ("a\n!b", "a", false), ("a\n!a/b/c", "a", true), ("a\n!a/b/c", "a/b", true),
    ("a\n!a/b/c", "a/d", false), ("**\n!**/*.md", "a/b", true), ("*\n!a/*/c", "a/b", true), ("*\n!a/*/c", "b", false),
    ("a", "b", true), ("a\n!a/b", "a/b", true),
  ])
  func walksAreCutShort(text: String, directory: String, isWalked: Bool) throws {
    #expect(try IgnorePatterns(parsing: Array(text.utf8)).mayContainIncluded(below: directory) == isWalked)
  }

  /// Pruning leaves out nothing that is not ignored: every path below a directory that is not walked is ignored.
  @Test func prunedPathsAreIgnored() throws {
    let names = ["a", "b", "ab", ".c"]
    let pieces = ["a", "b", "*", "**", "a*", "?b", "[ab]", ".c"]
    var random = SeededGenerator(seed: 7)
    var pruned = 0
    for _ in 0..<400 {
      let lines = (0..<3).map { _ in
        let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        return (Bool.random(using: &random) ? "!" : "") + parts.joined(separator: "/")
      }
      let patterns = try IgnorePatterns(["a", "**/b"] + lines)
      for first in names {
        for second in names {
          for directory in [first, "\(first)/\(second)"] where !patterns.mayContainIncluded(below: directory) {
            pruned += 1
            for third in names where !patterns.ignores("\(directory)/\(third)") {
              Issue.record("\(lines) leave out \(directory)/\(third)")
            }
          }
        }
      }
    }
    #expect(pruned > 500)
  }

  @Test(arguments: [
    ("a*", "ab", true), ("a*", "a/b", false), ("**/c", "a/c", true), ("**/c", "a/b/c", false), ("**/c", "c", false),
    ("a/[bc]/?", "a/b/x", true), ("a", "a/b", false),
  ])
  func sourcesOfCopy(pattern: String, path: String, isMatch: Bool) throws {
    #expect(try PathPattern(pattern).matches(path) == isMatch)
  }

  @Test func wildcards() throws {
    #expect(["a", "a\\*", "a]"].filter(PathPattern.isWildcard) == [])
    #expect(["*", "a?", "[a]", "\\\\*"].allSatisfy(PathPattern.isWildcard))
    let pattern = try PathPattern("a/*", .anyDepth)
    #expect(pattern.matchesOrHasMatchingParent("a/b/c") && !pattern.matches("a/b/c"))
    #expect(pattern.canMatch(below: "a") && pattern.canMatch(below: "") && !pattern.canMatch(below: "b"))
  }
}
