import OCI
import Testing

@testable import Dockerfile

@Suite struct CheckTests {
  private static func warnings(_ text: String, _ context: CheckContext = CheckContext()) throws -> [String] {
    try Dockerfile.parse(Array(text.utf8)).warnings(context).map { "\($0.name) \($0.line)" }
  }

  /// What each check finds, and what is like it and right.
  @Test(arguments: [
    ("StageNameCasing", "FROM scratch AS Base", "FROM scratch AS base"),
    ("FromAsCasing", "FROM scratch as a", "from scratch as a"),
    ("FromAsCasing", "from scratch AS a", "FROM scratch AS a"),
    ("NoEmptyContinuation", "FROM scratch\nUSER a\\\n\nb", "FROM scratch\nUSER a\\\n# c\nb"),
    ("ConsistentInstructionCasing", "FROM scratch\nUSER a\nuser b", "FROM scratch\nUSER a\nUSER b"),
    ("ConsistentInstructionCasing", "from scratch\nUser a", "from scratch\nuser a"),
    ("DuplicateStageName", "FROM scratch AS a\nFROM scratch AS a", "FROM scratch AS a\nFROM scratch AS b"),
    ("ReservedStageName", "FROM scratch AS context", "FROM scratch AS contexts"),
    ("JSONArgsRecommended", "FROM scratch\nCMD a", "FROM scratch\nCMD [\"a\"]"),
    ("JSONArgsRecommended", "FROM scratch\nENTRYPOINT a", "FROM scratch\nSHELL [\"b\"]\nENTRYPOINT a"),
    ("MaintainerDeprecated", "FROM scratch\nMAINTAINER a", "FROM scratch\nLABEL maintainer=a"),
    ("UndefinedArgInFrom", "ARG b\nFROM a:1$c", "ARG b\nFROM a:1$b"),
    ("UndefinedArgInFrom", "FROM --platform=${TARGETPLATFORM}$c a", "FROM --platform=$BUILDPLATFORM a"),
    ("UndefinedVar", "FROM scratch\nUSER $a", "FROM scratch\nARG a\nUSER $a"),
    ("UndefinedVar", "FROM scratch\nLABEL b=$a", "FROM scratch\nENV a=b\nLABEL b=$a$PATH"),
    ("UndefinedVar", "FROM scratch\nENV a=1 b=$a", "FROM unknown\nENV a=1 b=$c"),
    ("UndefinedVar", "FROM known\nCOPY $OTHER b", "FROM known\nCOPY $KNOWN b"),
    ("UndefinedVar", "FROM scratch\nCOPY <<A b\n$c\nA", "FROM scratch\nCOPY <<'A' b\n$c\nA"),
    ("UndefinedVar", "FROM scratch\nRUN --mount=type=cache,target=$a b", "FROM scratch\nRUN echo $a"),
    ("UndefinedVar", "FROM scratch\nARG a=$b", "FROM scratch\nARG given=$b"),
    (
      "UndefinedVar", "FROM scratch AS a\nENV b=1\nFROM scratch\nUSER $b",
      "FROM scratch AS a\nENV b=1\nFROM a\nUSER $b"
    ),
    ("WorkdirRelativePath", "FROM scratch\nWORKDIR a", "FROM scratch\nWORKDIR /a\nWORKDIR b"),
    ("WorkdirRelativePath", "FROM scratch\nENV a=b\nWORKDIR $a/c", "FROM scratch\nENV a=/b\nWORKDIR $a/c"),
    ("MultipleInstructionsDisallowed", "FROM scratch\nCMD []\nCMD []", "FROM scratch\nCMD []\nFROM scratch\nCMD []"),
    ("MultipleInstructionsDisallowed", "FROM scratch\nENTRYPOINT []\nENTRYPOINT []", "FROM scratch\nENTRYPOINT []"),
    (
      "MultipleInstructionsDisallowed", "FROM scratch\nHEALTHCHECK NONE\nHEALTHCHECK NONE",
      "FROM scratch\nHEALTHCHECK NONE"
    ),
    ("LegacyKeyValueFormat", "FROM scratch\nENV a b", "FROM scratch\nENV a=b"),
    ("LegacyKeyValueFormat", "FROM scratch\nLABEL a b", "FROM scratch\nLABEL a=b"),
    (
      "RedundantTargetPlatform", "FROM --platform=$TARGETPLATFORM a", "FROM --platform=${TARGETPLATFORM:+linux/s390x} a"
    ),
    ("SecretsUsedInArgOrEnv", "FROM scratch\nARG MY_token", "FROM scratch\nARG MYtoken"),
    ("SecretsUsedInArgOrEnv", "FROM scratch\nENV PASSWD=a", "FROM scratch\nENV PASSWD_FILE=a PUBLIC_KEY=b"),
    ("InvalidDefaultArgInFrom", "ARG a\nFROM $a", "ARG a=b\nFROM $a"),
    ("InvalidDefaultArgInFrom", "ARG a\nFROM b:$a", "ARG a\nFROM b:${a:-c}"),
    ("FromPlatformFlagConstDisallowed", "FROM --platform=linux/arm64 a", "FROM --platform=linux/arm64 a AS on-arm64"),
    ("CopyIgnoredFile", "FROM scratch\nCOPY ./no/a b", "FROM scratch\nCOPY a b\nCOPY . c"),
    ("CopyIgnoredFile", "FROM scratch\nADD no b", "FROM scratch\nADD https://no/no b\nCOPY --from=a no b"),
    (
      "InvalidDefinitionDescription", "# check=experimental=all\n#\n# a\nARG b\nFROM scratch",
      "# check=experimental=all\n#\n# b it is\nARG b\nFROM scratch"
    ),
    (
      "InvalidDefinitionDescription", "# check=experimental=InvalidDefinitionDescription\n#\n# a\nFROM scratch AS b",
      "# a\nFROM scratch AS b"
    ),
    ("ExposeProtoCasing", "FROM scratch\nEXPOSE 80/TcP", "FROM scratch\nEXPOSE 80/tcp"),
    ("ExposeInvalidFormat", "FROM scratch\nEXPOSE 127.0.0.1:80:80", "FROM scratch\nEXPOSE 80-82"),
    ("ExposeInvalidFormat", "FROM scratch\nENV p=1:2\nEXPOSE $p", "FROM scratch\nENV p=2\nEXPOSE $p"),
  ])
  func checks(name: String, wrong: String, right: String) throws {
    var context = CheckContext()
    context.environments = ["known": ["KNOWN": "1"]]
    context.arguments = ["given": "1"]
    context.ignore = try IgnorePatterns(["no"])
    #expect(try Self.warnings(wrong, context).map { $0.split(separator: " ")[0] } == [name[...]])
    #expect(try Self.warnings(right, context) == [])
  }

  @Test func lines() throws {
    let text = """
      ARG v
      FROM a:$v AS a
      CMD []
      CMD []
      FROM scratch AS a
      USER $x \\

        y
      """
    #expect(
      try Self.warnings(text) == [
        "InvalidDefaultArgInFrom 2", "MultipleInstructionsDisallowed 3", "DuplicateStageName 5", "UndefinedVar 6",
        "NoEmptyContinuation 7",
      ])
  }

  @Test(arguments: [
    ("all", "# check=skip=all\nFROM scratch\nCMD a\nMAINTAINER b", []),
    ("one", "# check=skip=MaintainerDeprecated\nFROM scratch\nCMD a\nMAINTAINER b", ["JSONArgsRecommended 3"]),
    (
      "for one instruction", "FROM scratch\n# check=skip=JSONArgsRecommended\nCMD a\nENTRYPOINT b",
      ["JSONArgsRecommended 4"]
    ),
    (
      "for one stage's name", "# a\n# check=skip=StageNameCasing\nFROM scratch AS A\nFROM scratch AS B",
      ["StageNameCasing 4"]
    ),
  ])
  func skipping(name: String, text: String, warnings: [String]) throws {
    #expect(try Self.warnings(text) == warnings)
  }

  @Test func suggestions() throws {
    let file = try Dockerfile.parse(
      Array("ARG version\nFROM a:$versoin-1\nFROM scratch\nENV colour=1\nUSER $color\n".utf8))
    let messages = file.warnings().map(\.message)
    #expect(messages.contains { $0.hasSuffix("did you mean version?") })
    #expect(messages.contains { $0.hasSuffix("did you mean $colour?") })
    #expect(messages.allSatisfy { !$0.contains("\n") })
  }

  @Test func rootOfTheContext() throws {
    var context = CheckContext()
    for (pattern, isIgnored) in [("*", true), ("**", true), ("a", false), ("*\n!a", false)] {
      context.ignore = try IgnorePatterns(parsing: Array(pattern.utf8))
      #expect(try Self.warnings("FROM scratch\nCOPY . a", context) == (isIgnored ? ["CopyIgnoredFile 2"] : []))
    }
  }

  @Test(
    arguments: [
      ("80", 80, 80, "tcp"), ("80/udp", 80, 80, "udp"), ("80/", 80, 80, "tcp"), ("1-3/SCTP", 1, 3, "sctp"),
      ("[::1]:1:2", 2, 2, "tcp"),
      ("0", 0, 0, "tcp"), ("1-65535", 1, 65535, "tcp"), ("::2", 2, 2, "tcp"),
    ] as [(String, UInt16, UInt16, String)])
  func ports(text: String, first: UInt16, last: UInt16, transport: String) throws {
    let port = try PortSpecification(parsing: text)
    #expect(port.ports == first...last)
    #expect(port.transport == transport)
  }

  @Test(arguments: ["", "a", "65536", "2-1", "80/icmp", "1-", "-1", "+1", "/tcp", "x:1"])
  func noPorts(text: String) {
    #expect(throws: DockerfileError.self) { try PortSpecification(parsing: text) }
  }
}
