import Testing

@testable import Dockerfile

@Suite struct HeredocTests {
  @Test(arguments: [
    ("plain", "RUN <<A\na\n b\nA\n", [Heredoc(name: "A", content: "a\n b\n", isExpanded: true)]),
    ("empty", "RUN <<A\nA", [Heredoc(name: "A", content: "", isExpanded: true)]),
    ("a file descriptor", "RUN 3<<A\na\nA", [Heredoc(name: "A", content: "a\n", isExpanded: true)]),
    ("a space after <<", "RUN << A b\na\nA", [Heredoc(name: "A", content: "a\n", isExpanded: true)]),
    ("single quotes", "RUN <<'A'\n$a\nA", [Heredoc(name: "A", content: "$a\n", isExpanded: false)]),
    ("double quotes", "RUN <<\"A b\"\n$a\nA b", [Heredoc(name: "A b", content: "$a\n", isExpanded: false)]),
    ("a quote in the name", "RUN <<A\\'b\na\nA'b", [Heredoc(name: "A'b", content: "a\n", isExpanded: true)]),
    ("quotes around a part", "RUN <<A'b'\na\nAb", [Heredoc(name: "Ab", content: "a\n", isExpanded: false)]),
    ("a variable as its name", "RUN <<$A\na\n$A", [Heredoc(name: "$A", content: "a\n", isExpanded: true)]),
    ("tabs dropped", "RUN <<-A\n\t\ta\n\t b\n\tA", [Heredoc(name: "A", content: "a\n b\n", isExpanded: true)]),
    ("tabs kept", "RUN <<A\n\ta\n\tA\nA", [Heredoc(name: "A", content: "\ta\n\tA\n", isExpanded: true)]),
    ("comments kept", "RUN <<A\n# a\n\nA", [Heredoc(name: "A", content: "# a\n\n", isExpanded: true)]),
    ("carriage returns kept", "RUN <<A\r\na\r\nA\r\n", [Heredoc(name: "A", content: "a\r\n", isExpanded: true)]),
    (
      "several", "RUN <<A <<B\nB\nA\nA\nB",
      [Heredoc(name: "A", content: "B\n", isExpanded: true), Heredoc(name: "B", content: "A\n", isExpanded: true)]
    ),
    ("after a flag", "RUN --network=none <<A sh\na\nA", [Heredoc(name: "A", content: "a\n", isExpanded: true)]),
    ("in a continued line", "RUN a \\\n <<A\nb\nA", [Heredoc(name: "A", content: "b\n", isExpanded: true)]),
    ("none in quotes", "RUN \"<<A\"", []),
    ("none in an array", "RUN [\"<<A\"]", []),
    ("none within a word", "RUN a<<A", []),
    ("none of three", "RUN <<<A", []),
    ("none elsewhere", "USER <<A", []),
  ])
  func heredocs(name: String, text: String, expected: [Heredoc]) throws {
    var reader = try NodeReader(Array("\(text)\n".utf8))
    let nodes = try reader.nodes()
    #expect(nodes.count == 1)
    #expect(nodes.first?.heredocs == expected)
  }

  @Test func copiesKnowFilesFromPaths() throws {
    let text = "FROM a\nCOPY a <<B <<'C' d/\nb\nB\nc\nC\nADD <<B <<B e/\n1\nB\n2\nB\nCOPY [\"<<B\", \"d\"]\n"
    let operations = try Dockerfile.parse(Array(text.utf8)).stages[0].instructions.map(\.operation)
    var copy = CopyStep(sources: ["a"], destination: "d/")
    copy.heredocs = [
      Heredoc(name: "B", content: "b\n", isExpanded: true), Heredoc(name: "C", content: "c\n", isExpanded: false),
    ]
    var add = CopyStep(sources: [], destination: "e/")
    add.heredocs = [
      Heredoc(name: "B", content: "1\n", isExpanded: true), Heredoc(name: "B", content: "2\n", isExpanded: true),
    ]
    #expect(
      operations == [.copy(copy), .add(AddStep(add)), .copy(CopyStep(sources: ["<<B"], destination: "d"))])
  }

  @Test func triggersCarryThem() throws {
    let text = "FROM a\nONBUILD RUN <<-A cat\n\tb\nA\n"
    let operation = try #require(try Dockerfile.parse(Array(text.utf8)).stages[0].instructions.first).operation
    #expect(operation == .onBuild("RUN <<-A cat\nb\nA"))
    guard case .onBuild(let trigger) = operation else { return }
    var step = RunStep(.shell("<<-A cat"))
    step.heredocs = [Heredoc(name: "A", content: "b\n", isExpanded: true)]
    #expect(try Dockerfile.instruction(onBuild: trigger).operation == .run(step))
  }
}
