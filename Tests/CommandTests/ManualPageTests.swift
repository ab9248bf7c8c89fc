internal import Foundation
import Testing

@testable import Arguments

@Suite struct ManualPageTests {
  static let names: [String?] = [nil] + CommandTable.commands.map(\.name)

  @Test(arguments: names) func everythingIsThere(name: String?) throws {
    let command = try name.map { try #require(CommandTable.command($0)) }
    let page = ManualPage.text(for: command)
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasPrefix(".TH SWIFTCR"))
    for option in command.map({ $0.options + [CommandTable.help] }) ?? CommandTable.globals {
      let start = "\\fB\\-\\-\(ManualPage.escaped(option.long))\\fR"
      let row = lines.first { line in
        let spelling = option.short.map { "\\fB\\-\($0)\\fR, " } ?? ""
        let value = option.value.placeholder.map { " \\fI\(ManualPage.escaped($0))\\fR" } ?? ""
        return line == spelling + start + value
      }
      #expect(row != nil, "\(option.long)")
      #expect(lines.contains { $0 == ManualPage.escaped(option.help) + "." }, "\(option.long)")
    }
    for positional in command?.positionals ?? [] {
      #expect(lines.contains { $0 == ManualPage.escaped(positional.usage) })
    }
    if command == nil {
      for command in CommandTable.commands {
        #expect(lines.contains { $0 == ".B \(ManualPage.escaped(command.name))" }, "\(command.name)")
        #expect(page.contains(".BR swiftcr\\-\(ManualPage.escaped(command.name)) (8)"), "\(command.name)")
      }
    }
    // Only requests of man(7) begin with a dot, and no line is empty.
    for line in lines.dropLast() {
      #expect(!line.isEmpty && !line.hasPrefix("'"))
      if line.hasPrefix(".") { #expect(line.firstMatch(of: /^\.(TH|SH|TP|PP|B|BR|I)( |$)/) != nil, "\(line)") }
    }
  }

  @Test(arguments: [
    ("plain", "plain"), (".request", "\\&.request"), ("'quote", "\\&'quote"), ("a.b", "a.b"), ("--x", "\\-\\-x"),
    ("a\\b", "a\\eb"), ("\"q\"", "\\(dqq\\(dq"), ("a\n.b", "a\n\\&.b"),
  ])
  func escapes(text: String, escaped: String) {
    #expect(ManualPage.escaped(text) == escaped)
  }

  @Test func commandLine() throws {
    guard case .command(let command, let values) = try Invocation(parsing: ["man", "run"]).request else {
      Issue.record("no command")
      return
    }
    #expect(command.name == "man" && values.positionals == ["run"])
    #expect(throws: UsageError.self) { try Invocation(parsing: ["man", "run", "list"]) }
  }

  /// groff's own opinion, where it is installed.
  @Test(.enabled(if: Subprocess.find("groff") != nil, "groff is not installed"), arguments: names)
  func groffHasNothingToSay(name: String?) throws {
    let groff = try #require(Subprocess.find("groff"))
    let page = ManualPage.text(for: try name.map { try #require(CommandTable.command($0)) })
    try withTemporaryDirectory { directory in
      let file = directory + "/page"
      try page.write(toFile: file, atomically: false, encoding: .utf8)
      let result = try Subprocess(groff, ["-man", "-ww", "-Tutf8", file])
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
      #expect(result.output.contains("swiftcr"))
    }
  }
}
