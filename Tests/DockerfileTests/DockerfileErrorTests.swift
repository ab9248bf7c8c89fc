import Testing

@testable import Dockerfile

@Suite struct DockerfileErrorTests {
  @Test(arguments: [
    ("RUNN a", 1, 1, "unknown instruction \"RUNN\"; did you mean RUN?"),
    ("form a", 1, 1, "did you mean FROM?"),
    ("FROM a\n\n  XYZZY b", 3, 3, "unknown instruction \"XYZZY\""),
    ("FROM a\n// step1\n", 2, 1, "a comment begins with # in a Dockerfile, not with //"),
    ("FROM a\n/* x */\n", 2, 1, "a comment begins with #"),
    ("RUN a", 1, 1, "RUN before the first FROM"),
    ("ARG a\n", 0, 0, "there is no FROM"),
    ("", 0, 0, "there is no FROM"),
    ("FROM", 1, 1, "FROM takes an image"),
    ("FROM a b", 1, 8, "expected FROM IMAGE or FROM IMAGE AS NAME"),
    ("FROM a AS 1b", 1, 11, "\"1b\" cannot name a stage"),
    ("FROM a\nCOPY --form=x a b", 2, 6, "COPY has no flag \"--form\"; did you mean --from?"),
    ("FROM a\nUSER --x a", 2, 6, "USER has no flag \"--x\"; it takes none"),
    ("FROM a\nCOPY --chown=a --chown=b a b", 2, 16, "--chown is there twice"),
    ("FROM a\nCOPY --from a b", 2, 6, "expected --from=VALUE"),
    ("FROM a\nCOPY --link=maybe a b", 2, 6, "expected true or false for --link"),
    ("FROM a\nCOPY --from=$x a b", 2, 6, "--from takes no variables"),
    ("FROM a\nCOPY a", 2, 6, "COPY takes sources and a destination"),
    ("FROM a\nCOPY a <<B\nB", 2, 8, "a heredoc cannot be the destination"),
    ("FROM a\nRUN <<B\nb", 2, 1, "no line after this one is \"B\""),
    ("FROM a\nRUN a \\\n  && b \\\n<<B\n", 2, 1, "no line after"),
    ("FROM a\nRUN \\\n  --mount=type=bnd a", 3, 3, "did you mean bind?"),
    ("FROM a\nRUN --network=all a", 2, 5, "expected default or none or host"),
    ("FROM a\nRUN []", 2, 1, "an empty array"),
    ("FROM a\nRUN [\"a\", 1]", 2, 5, "an array of strings"),
    ("FROM a\nCMD [\"a\\u0000b\"]", 2, 5, "a NUL"),
    ("FROM a\nSHELL a", 2, 1, "SHELL takes a JSON array"),
    ("FROM a\nENV a", 2, 5, "found no value"),
    ("FROM a\nENV a=b c", 2, 9, "without ="),
    ("FROM a\nENV =b", 2, 5, "a name before ="),
    ("FROM a\nARG =b", 2, 5, "a name before ="),
    ("FROM a\nENV", 2, 1, "takes KEY=VALUE"),
    ("FROM a\nVOLUME [\"\"]", 2, 1, "an empty one"),
    ("FROM a\nEXPOSE", 2, 1, "at least one argument"),
    ("FROM a\nUSER", 2, 1, "takes one argument"),
    ("FROM a\nHEALTHCHECK", 2, 1, "CMD with a command, or NONE"),
    ("FROM a\nHEALTHCHECK TCP 1", 2, 13, "expected CMD or NONE"),
    ("FROM a\nHEALTHCHECK NONE a", 2, 18, "takes no arguments"),
    ("FROM a\nHEALTHCHECK CMD", 2, 13, "a command after"),
    ("FROM a\nHEALTHCHECK --interval=1 CMD a", 2, 13, "expected a time"),
    ("FROM a\nHEALTHCHECK --retries=-1 CMD a", 2, 13, "expected a number"),
    ("FROM a\nONBUILD", 2, 1, "takes an instruction"),
    ("FROM a\nONBUILD ONBUILD RUN a", 2, 9, "cannot be ONBUILD itself"),
    ("FROM a\nONBUILD FROM a", 2, 9, "FROM cannot be an ONBUILD trigger"),
    ("FROM a\nONBUILD RUNN a", 2, 9, "did you mean RUN?"),
    ("# escape=/\nFROM a", 1, 1, "expected \\ or ` for escape"),
    ("# syntax=a\n# syntax=b\nFROM a", 2, 1, "once only"),
    ("# check=skp=a\nFROM a", 1, 1, "expected skip, error or experimental"),
    ("# check=error=maybe\nFROM a", 1, 1, "expected true or false"),
    ("FROM a\nRUN a\u{0}b", 2, 6, "no UTF-8 text"),
  ])
  func places(text: String, line: Int, column: Int, reason: String) {
    let error = #expect(throws: DockerfileError.self) { try Dockerfile.parse(Array(text.utf8)) }
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
    #expect(error?.line == line)
    #expect(error?.column ?? 0 == column)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(error?.excerpt == (line == 0 ? nil : String(lines[line - 1])))
  }

  @Test func bytesThatAreNoText() throws {
    #expect(throws: DockerfileError.self) { try Dockerfile.parse(Array("FROM a\nRUN ".utf8) + [0xE9]) }
    // A name in a comment may be in any encoding.
    let file = try Dockerfile.parse(Array("# ".utf8) + [0xE9] + Array("\nFROM a\n".utf8))
    #expect(file.stages.count == 1)
  }

  @Test func limits() {
    let isTooLarge = Array(repeating: UInt8(ascii: "#"), count: SourceLine.largestFile + 1)
    #expect(throws: DockerfileError.self) { try Dockerfile.parse(isTooLarge) }
    let isTooLong = Array("FROM a\nRUN ".utf8) + Array(repeating: UInt8(ascii: "a"), count: SourceLine.longest)
    #expect(throws: DockerfileError.self) { try Dockerfile.parse(isTooLong) }
    let isTooMuch = Array(String(repeating: "FROM a\n", count: NodeReader.mostNodes + 1).utf8)
    #expect(throws: DockerfileError.self) { try Dockerfile.parse(isTooMuch) }
  }

  @Test(arguments: [
    (DockerfileError("wrong", line: 3, column: 5, excerpt: "RUN\ta\u{1B}"), "D:3:5: wrong\nRUN a\u{FFFD}\n    ^"),
    (DockerfileError("wrong", line: 3), "D:3: wrong"),
    (DockerfileError("wrong", line: 0), "D: wrong"),
    (
      DockerfileError("wrong", line: 1, column: 201, excerpt: String(repeating: "a", count: 400)),
      "D:1:201: wrong\n" + String(repeating: "a", count: 100) + "\n" + String(repeating: " ", count: 50) + "^"
    ),
  ])
  func rendering(error: DockerfileError, text: String) {
    #expect(error.rendered(file: "D") == text)
  }
}
