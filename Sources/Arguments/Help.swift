/// Help texts from the table, for 80 columns.
package enum Help {
  static let width = 80

  /// Help for a command, or for the program.
  package static func text(for command: Command?) -> String { command.map(text(for:)) ?? program() }

  private static func program() -> String {
    var text = """
      \(CommandTable.program): \(CommandTable.summary)

      Usage: \(CommandTable.program) [global options] <command> [options] [arguments]

      """
    for group in CommandGroup.allCases {
      let rows = CommandTable.commands.filter { $0.group == group }.map {
        (left: "  " + $0.spelling, right: $0.summary)
      }
      text += section(group.title, rows)
    }
    text += section("Global options", CommandTable.globals.map(row))
    text += "\nRun '\(CommandTable.program) <command> --help' for the options of a command.\n"
    return text
  }

  private static func text(for command: Command) -> String {
    var text = "\(CommandTable.program) \(command.spelling): \(command.summary)\n\n"
    text += wrapped("Usage: ", usage(command), indent: 9)
    if let variant = command.variant { text += wrapped("       ", usage(command, variant), indent: 9) }
    for paragraph in command.details.split(separator: "\n") {
      text += "\n" + wrapped("", String(paragraph))
    }
    for group in OptionGroup.allCases {
      var options = command.options.filter { $0.group == group }
      if group == .general { options.append(CommandTable.help) }
      text += section(group.title, options.map(row))
    }
    text += "\nGlobal options go before the command: see '\(CommandTable.program) --help'.\n"
    return text
  }

  private static func usage(_ command: Command) -> String {
    var words = [CommandTable.program, command.spelling]
    if !command.options.isEmpty { words.append("[options]") }
    return (words + command.positionals.map(\.usage)).joined(separator: " ")
  }

  /// `swiftcr run --image REF [options] [command] [args...]`.
  private static func usage(_ command: Command, _ variant: CommandVariant) -> String {
    let words = [CommandTable.program, command.name] + command.words(of: variant) + ["[options]"]
    return (words + variant.positionals.map(\.usage)).joined(separator: " ")
  }

  /// `  -b, --bundle DIR`, and the explanation.
  private static func row(_ option: Option) -> (left: String, right: String) {
    var left = option.short.map { "  -\($0), " } ?? "      "
    left += "--" + option.long
    if let placeholder = option.value.placeholder { left += " " + placeholder }
    return (left, option.help)
  }

  /// The left column is as wide as its texts, within reason: a wider one has its explanation on the next line.
  private static func section(_ title: String, _ rows: [(left: String, right: String)]) -> String {
    guard !rows.isEmpty else { return "" }
    let widest = 30
    let column = (rows.map(\.left.count).filter { $0 <= widest }.max() ?? widest) + 2
    var text = "\n\(title):\n"
    for row in rows {
      if row.left.count + 2 <= column {
        text += wrapped(row.left + spaces(column - row.left.count), row.right, indent: column)
      } else {
        text += row.left + "\n" + wrapped(spaces(column), row.right, indent: column)
      }
    }
    return text
  }

  /// The words of the text after what is on the first line already; further lines are indented.
  private static func wrapped(_ first: String, _ text: String, indent: Int = 0) -> String {
    var result = ""
    var line = first
    var isAtStart = true
    for word in text.split(separator: " ") {
      if !isAtStart, line.count + 1 + word.count > width {
        result += line + "\n"
        line = spaces(indent)
        isAtStart = true
      }
      line += isAtStart ? String(word) : " " + word
      isAtStart = false
    }
    return result + line + "\n"
  }

  private static func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}

extension Command {
  /// The option of a variant as usage lines show it.
  func words(of variant: CommandVariant) -> [String] {
    ["--\(variant.option)"] + [options.first { $0.long == variant.option }?.value.placeholder].compactMap { $0 }
  }
}
