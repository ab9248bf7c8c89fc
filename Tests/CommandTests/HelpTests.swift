import Testing

@testable import Arguments

@Test func programHelpHasAllCommandsAndGlobalOptions() {
  let lines = Help.text(for: nil).split(separator: "\n", omittingEmptySubsequences: false)
  for command in CommandTable.commands {
    #expect(
      lines.contains { $0.hasPrefix("  \(command.spelling) ") && $0.hasSuffix(command.summary) }, "\(command.name)")
  }
  for group in CommandGroup.allCases { #expect(lines.contains("\(group.title):")) }
  for option in CommandTable.globals { #expect(lines.contains { isRow($0, of: option) }, "\(option.long)") }
}

@Test(arguments: CommandTable.commands.map(\.name))
func commandHelpHasEveryOption(name: String) throws {
  let command = try #require(CommandTable.command(name))
  let lines = Help.text(for: command).split(separator: "\n")
  for option in command.options + [CommandTable.help] {
    #expect(lines.count { isRow($0, of: option) } == 1, "\(option.long)")
  }
  let usage = try #require(lines.first { $0.hasPrefix("Usage: swiftcr \(command.spelling)") })
  for positional in command.positionals { #expect(usage.contains(positional.usage)) }
}

@Test(arguments: [nil] + CommandTable.commands.map(\.name))
func helpFitsTheTerminal(name: String?) throws {
  let text = Help.text(for: name.flatMap(CommandTable.command))
  for line in text.split(separator: "\n") {
    #expect(line.count <= 80, "\(line)")
    #expect(line.last != " ", "\(line)")
  }
  #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n") && !text.contains("\n\n\n"))
}

/// The whole of one page, for the eye.
@Test func helpOfKill() throws {
  #expect(
    Help.text(for: CommandTable.command("kill")) == """
      swiftcr kill: send a signal to a container's process

      Usage: swiftcr kill [options] <container-id> [signal]

      The signal is a name, with or without SIG, or a number; TERM is the default.

      Options:
        -a, --all   send the signal to every process of the container
        -h, --help  print this help and exit

      Global options go before the command: see 'swiftcr --help'.

      """)
}

/// Whether the line is the one of an option, with its short form and its placeholder.
private func isRow(_ line: Substring, of option: Option) -> Bool {
  var start = option.short.map { "  -\($0), " } ?? "      "
  start += "--" + option.long
  if let placeholder = option.value.placeholder { start += " " + placeholder }
  return line == start || line.hasPrefix(start + "  ")
}
