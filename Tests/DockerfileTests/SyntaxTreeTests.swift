import Testing

@testable import Dockerfile

@Suite struct SyntaxTreeTests {
  @Test(.enabled(if: BuildKitData.root != nil, BuildKitData.isAbsent), arguments: BuildKitData.cases)
  func treesOfBuildKit(name: String) throws {
    var reader = try NodeReader(try BuildKitData.read("testfiles/\(name)/Dockerfile"))
    let dump = try reader.nodes().map { "(\($0.dump))" }.joined(separator: "\n")
    let result = String(decoding: try BuildKitData.read("testfiles/\(name)/result"), as: UTF8.self)
    #expect(dump == result.trimmed)
  }

  @Test(arguments: [
    ("continued lines", "RUN a \\\n  b \\  \n\tc", #"run "a   b \tc""#),
    ("an escape character of its own line", "RUN a \\\n\\\nb", #"run "a b""#),
    ("an escaped escape character continues nothing", "WORKDIR a\\\\\nUSER u", #"workdir "a\\\\"|user "u""#),
    ("blanks after the escape character", "RUN a \\ \t\nb", #"run "a b""#),
    ("comments inside of an instruction", "RUN a \\\n# b\n  # c\n d", #"run "a  d""#),
    ("a comment that would continue", "RUN a \\\n# b \\\n d", #"run "a  d""#),
    ("blank lines inside of an instruction", "RUN a \\\n\n \t\n d", #"run "a  d""#),
    ("the end of the file inside of an instruction", "RUN a \\\n", #"run "a""#),
    ("a carriage return", "RUN a \\\r\n b\r\nUSER u\r\n", #"run "a  b"|user "u""#),
    ("a byte order mark", "\u{FEFF}USER u", #"user "u""#),
    ("white space in front", "  \tUSER u  ", #"user "u""#),
    ("any case", "rUn a", #"run "a""#),
    ("a comment", "# a\nUSER u # no comment", #"user "u # no comment""#),
    ("a comment with blanks in front", " \t# a\nUSER u", #"user "u""#),
    ("the other escape character", "# escape=`\nRUN a `\n b \\\nUSER u", #"run "a  b \\"|user "u""#),
    ("directives in any case and with blanks", "#  EsCaPe =  ` \nRUN a `\n b", #"run "a  b""#),
    ("no directive after a comment", "# a\n# escape=`\nRUN a `\nUSER u", #"run "a `"|user "u""#),
    ("no directive after a blank line", "\n# escape=`\nRUN a `\nUSER u", #"run "a `"|user "u""#),
    ("a line for the kernel", "#!/usr/bin/env build\n# escape=`\nRUN a `\n b", #"run "a  b""#),
    ("flags", "RUN --a --b=c --d='e f' g --h", #"run ["--a" "--b=c" "--d=e f"] "g --h""#),
    ("flags with escapes", #"RUN --a=b\ c\"d "--e" f"#, #"run ["--a=b c\"d"] "\"--e\" f""#),
    ("the end of flags", "RUN --a -- --b", #"run ["--a"] "--b""#),
    ("two hyphens in a flag's value", "COPY --from=a--b c d", #"copy ["--from=a--b"] "c" "d""#),
    ("an array", #"CMD [ "a", "\u0041\n" ]"#, #"cmd "a" "A\n""#),
    ("an empty array", "CMD []", "cmd"),
    ("no array", #"CMD [ "a" "#, #"cmd "[ \"a\"""#),
    ("an array in a text", #"RUN echo ["a"]"#, #"run "echo [\"a\"]""#),
    ("words that are not an array", #"COPY [a, b] "c d" e"#, #"copy "[a," "b]" "\"c" "d\"" "e""#),
    ("pairs", #"ENV a=b c="d e" f='g\' h=\ i"#, #"env "a" "b" "=" "c" "\"d e\"" "=" "f" "'g\\'" "=" "h" "\\ i" "=""#),
    ("a pair without a value", "LABEL a= b", #"error"#),
    ("the older form of a pair", "LABEL a  b = c", #"label "a" "b = c" """#),
    ("arguments", #"ARG a b=c d="e f" g="#, #"arg "a" "b=c" "d=\"e f\"" "g=""#),
    ("a health check", "HEALTHCHECK --retries=1 CMD  a b", #"healthcheck ["--retries=1"] "CMD" "a b""#),
    ("a health check's array", #"HEALTHCHECK CMD ["a"]"#, #"healthcheck "CMD" "a""#),
    ("a trigger", "ONBUILD RUN --a b", #"onbuild (run ["--a"] "b")"#),
    ("a trigger in a trigger", "ONBUILD ONBUILD RUN a", "error"),
    ("no-break space is no blank", "USER\u{A0}u", "user\u{A0}u"),
  ])
  func trees(name: String, text: String, tree: String) throws {
    do {
      var reader = try NodeReader(Array(text.utf8))
      #expect(try reader.nodes().map(\.dump).joined(separator: "|") == tree)
    } catch {
      #expect(tree == "error", "\(error)")
    }
  }

  @Test func placesAndComments() throws {
    var reader = try NodeReader(Array("# a\n\n# b\n#\n# c\n# d\nRUN x \\\n\n y\nRUN <<E\nz\nE\nRUN w".utf8))
    let nodes = try reader.nodes()
    #expect(nodes.map(\.place) == [SourceRange(7, 9), SourceRange(10, 12), SourceRange(13, 13)])
    #expect(nodes.map(\.comments) == [["c", "d"], [], []])
    #expect(reader.emptyContinuations == [8])
  }

  @Test func directives() throws {
    let file = try Dockerfile.parse(
      Array(
        """
        # syntax = docker/dockerfile:1 # newest
        # check = skip=A,B;error=true;experimental=all
        # escape=`
        FROM scratch
        """.utf8))
    var expected = Directives()
    expected.syntax = "docker/dockerfile:1"
    expected.escape = "`"
    expected.skippedChecks = ["A", "B"]
    expected.experimentalChecks = ["all"]
    expected.checksAreErrors = true
    #expect(file.directives == expected)
  }
}
