import Testing

@testable import Dockerfile

@Suite struct ExpanderTests {
  @Test(.enabled(if: BuildKitData.root != nil, BuildKitData.isAbsent))
  func casesOfBuildKit() throws {
    let values = ["PWD": "/home", "SHELL": "bash", "KOREAN": "한국어", "NULL": ""]
    let text = String(decoding: try BuildKitData.read("envVarTest"), as: UTF8.self)
    var count = 0
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { String($0).trimmed }
      guard cells.count == 3, cells[0] != "W" else { continue }
      count += 1
      let result = try? Expander().expand(cells[1]) { values[$0] }.text
      #expect(result == (cells[2] == "error" ? nil : cells[2]), "\(cells[1])")
    }
    #expect(count > 200)
  }

  private static let values = [
    "v": "x y", "empty": "", "path": "/a/b.c/d.tar.gz", "stars": "a*b*c", "lines": "ab\nab", "pattern": "*.",
    "name1_": "n",
  ]

  @Test(arguments: [
    ("$v", "x y"), ("${v}", "x y"), ("a$v.", "ax y."), ("$name1_", "n"), ("$none", ""), ("$", "$"), ("a$ b", "a$ b"),
    ("$1v", "v"), ("$@v", "v"), ("\\$v", "$v"), ("'$v'", "$v"), ("\"$v\"", "x y"), ("\"\\$v\\a\"", "$v\\a"),
    ("a'b'\"c\"\\d", "abcd"), ("${v:-w}", "x y"), ("${none:-w}", "w"), ("${empty:-w}", "w"), ("${none-w}", "w"),
    ("${empty-w}", ""), ("${v:+w}", "w"), ("${empty:+w}", ""), ("${none:+w}", ""), ("${empty+w}", "w"),
    ("${none+w}", ""), ("${v:?e}", "x y"), ("${v?e}", "x y"), ("${empty?e}", ""), ("${none:?e}", "error"),
    ("${none?e}", "error"), ("${empty:?e}", "error"), ("${none:-${empty:-${v}}}", "x y"), ("${none:-'}'}", "}"),
    ("${none:-\\}}", "}"), ("${path#*/}", "a/b.c/d.tar.gz"), ("${path##*/}", "d.tar.gz"),
    ("${path%.*}", "/a/b.c/d.tar"),
    ("${path%%.*}", "/a/b"), ("${path#/?/}", "b.c/d.tar.gz"), ("${path#x}", "/a/b.c/d.tar.gz"),
    ("${path%.gz}", "/a/b.c/d.tar"), ("${path/\\//_}", "_a/b.c/d.tar.gz"), ("${path//\\//_}", "_a_b.c_d.tar.gz"),
    ("${path//.*/_}", "/a/b_"), ("${path/./_}", "/a/b_c/d.tar.gz"), ("${path//./}", "/a/bc/dtargz"),
    ("${stars//\\*/+}", "a+b+c"), ("${stars#a\\*}", "b*c"), ("${lines//a*/_}", "_\n_"), ("${lines#*\n}", "ab"),
    ("${v//x/$v}", "x y y"), ("${v//x/$}", "$ y"), ("${v/#/b}", "x y"), ("${path%%${pattern}gz}", ""),
    ("${empty//*/a}", "a"), ("${v//*/a}", "a"), ("${v///-}", "-x- -y-"), ("${none/a/b}", ""),
    ("${", "error"), ("${}", "error"), ("${v", "error"), ("${:-a}", "error"), ("${v:}", "error"), ("${v:=a}", "error"),
    ("${v=a}", "error"), ("${v!}", "error"), ("${v:#a}", "error"), ("${v#\\a}", "error"), ("${v/a}", "error"),
    ("'a", "error"), ("\"a", "error"), ("a\\", "a"), ("e\u{301}'\u{301}'", "e\u{301}\u{301}"),
  ])
  func forms(text: String, result: String) {
    let expansion = try? Expander().expand(text) { Self.values[$0] }
    #expect(expansion?.text == (result == "error" ? nil : result))
  }

  @Test func namesThatWereUsed() throws {
    let expansion = try Expander().expand("$v${none}$v${other:-${path##*/}}$none") { Self.values[$0] }
    #expect(expansion == Expansion(text: "x yx yd.tar.gz", used: ["v", "path"], undefined: ["none", "other"]))
  }

  @Test(arguments: [
    ("a b", ["a", "b"]), ("a$v", ["ax", "y"]), ("a\"$v\"b", ["ax yb"]), ("'a b' c\\ d", ["a b", "c d"]), ("", []),
    ("\"\"", []), (" a\t\nb ", ["a", "b"]), ("a${none:-b c}d", ["ab", "cd"]), ("$empty a", ["a"]),
  ])
  func words(text: String, words: [String]) throws {
    #expect(try Expander().words(text) { Self.values[$0] } == words)
  }

  @Test(
    arguments: [
      ("'a' \"b\" $v", .keepsQuotes, "'a' \"b\" x y"), ("a\\b \"\\\"\"", .keepsEscapes, "a\\b \\\""),
      (
        "$none ${none} ${none:-a} ${none#a} ${none/a/b} $v", .keepsUnset,
        "$none ${none} ${none:-a} ${none#a} ${none/a/b} x y"
      ),
      ("it's \"$v\"", .ignoresQuotes, "it's \"x y\""),
    ] as [(String, Expander.Options, String)])
  func options(text: String, options: Expander.Options, result: String) throws {
    #expect(try Expander(options: options).expand(text) { Self.values[$0] }.text == result)
  }

  @Test func otherEscapeCharacter() throws {
    #expect(try Expander(escape: "`").expand("`$v \\$v \"`\"\"") { Self.values[$0] }.text == "$v \\x y \"")
  }

  @Test(arguments: [
    ("${none:?say why}", "none: \"say why\""), ("${none?}", "none: is not allowed to be unset"),
    ("${empty:?}", "empty: is not allowed to be empty"), ("${v^}", "\"^\" in ${v…}"), ("'", "without its counterpart"),
  ])
  func reasons(text: String, reason: String) {
    let error = #expect(throws: DockerfileError.self) { try Expander().expand(text) { Self.values[$0] } }
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
  }

  @Test func limits() {
    let long = String(repeating: "a", count: 1 << 20)
    let deep = String(repeating: "${none:-", count: Expander.deepest + 1)
    let effort = String(repeating: "a*", count: 4000)
    for text in ["$v$v$v$v$v", "${none:+$v$v$v$v$v}", "\"$v$v$v$v$v\"", deep, "${v#\(effort)}", "${v//a/$v}"] {
      #expect(throws: DockerfileError.self, "\(text.prefix(20))") {
        try Expander().expand(text) { $0 == "v" ? long : nil }
      }
    }
  }
}
