/// Manual pages from the table, in the macros of man(7): `swiftcr(8)`, and one like `swiftcr-run(8)` for each command.
package enum ManualPage {
  /// The page of a command, or of the program.
  package static func text(for command: Command?) -> String {
    let program = CommandTable.program
    let name = command.map { "\(program)-\($0.name)" } ?? program
    var page = ".TH \(escaped(name.uppercased())) 8 \"\" \"\(program) \(CommandTable.version)\"\n"
    page += ".SH NAME\n\(escaped(name)) \\- \(escaped(command?.summary ?? CommandTable.summary))\n"
    page += ".SH SYNOPSIS\n" + synopsis(command)
    if let command { page += body(command) } else { page += programBody() }
    return page + seeAlso(command)
  }

  private static func synopsis(_ command: Command?) -> String {
    let program = CommandTable.program
    guard let command else {
      return ".B \(program)\n[global options]\n.I command\n[options] [arguments]\n"
    }
    var text = ".B \(program)\n[global options]\n.B \(escaped(command.name))\n"
    if !command.options.isEmpty { text += "[options]\n" }
    for positional in command.positionals { text += escaped(positional.usage) + "\n" }
    guard let variant = command.variant else { return text }
    text += ".PP\n.B \(program)\n[global options]\n.B \(escaped(command.name))\n"
    text += escaped(command.words(of: variant).joined(separator: " ")) + "\n[options]\n"
    for positional in variant.positionals { text += escaped(positional.usage) + "\n" }
    return text
  }

  private static func body(_ command: Command) -> String {
    var text = ""
    if !command.details.isEmpty {
      text += ".SH DESCRIPTION\n" + paragraphs(command.details)
    }
    for group in OptionGroup.allCases {
      var options = command.options.filter { $0.group == group }
      if group == .general { options.append(CommandTable.help) }
      text += section(group.title, options)
    }
    return text
  }

  private static func programBody() -> String {
    var text = ""
    for group in CommandGroup.allCases {
      text += ".SH \(heading(group.title))\n"
      for command in CommandTable.commands where command.group == group {
        text += ".TP\n.B \(escaped(command.name))\n\(escaped(command.summary)).\n"
      }
    }
    return text + section("Global options", CommandTable.globals)
  }

  private static func section(_ title: String, _ options: [Option]) -> String {
    guard !options.isEmpty else { return "" }
    return ".SH \(heading(title))\n" + options.map(entry).joined()
  }

  private static func heading(_ title: String) -> String { "\"\(escaped(title.uppercased()))\"" }

  /// The spellings in bold, the value in italics.
  private static func entry(_ option: Option) -> String {
    var spellings = "\\fB\\-\\-\(escaped(option.long))\\fR"
    if let short = option.short { spellings = "\\fB\\-\(short)\\fR, " + spellings }
    if let placeholder = option.value.placeholder { spellings += " \\fI\(escaped(placeholder))\\fR" }
    return ".TP\n\(spellings)\n\(escaped(option.help)).\n"
  }

  private static func paragraphs(_ text: String) -> String {
    text.split(separator: "\n").map { escaped(String($0)) }.joined(separator: "\n.PP\n") + "\n"
  }

  private static func seeAlso(_ command: Command?) -> String {
    let program = CommandTable.program
    let others =
      command == nil ? CommandTable.commands.map { "\(program)-\($0.name)" } : [program]
    return ".SH \"SEE ALSO\"\n" + others.map { ".BR \(escaped($0)) (8)" }.joined(separator: ",\n") + "\n"
  }

  /// A text that troff prints as it is: no line of it is a request, no dash becomes a hyphen.
  static func escaped(_ text: String) -> String {
    var result = ""
    var isAtStart = true
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case ".", "'": result += (isAtStart ? "\\&" : "") + String(character)
      case "\"": result += "\\(dq"
      default: result.append(character)
      }
      isAtStart = character == "\n"
    }
    return result
  }
}
