internal import OCI

/// A command line, understood.
package struct Invocation {
  package enum Request {
    /// Help for the command, or for the program.
    case help(Command?)
    case version
    case command(Command, OptionValues)
  }

  package let globals: OptionValues
  package let request: Request

  /// Parses the arguments that follow the program's name.
  ///
  /// The syntax is that of runc, which is Go's flag package under urfave/cli: `--name value`, `--name=value`, one dash or
  /// two before short and long names alike, no clusters of short ones, `--` ends the options. Options may also follow a
  /// command's positionals, except for `exec` and `ps`. The value of an option is the next argument whatever it looks like.
  package init(parsing arguments: [String]) throws(UsageError) {
    var parser = ArgumentParser(arguments: arguments)
    var globals = OptionValues(options: CommandTable.globals)
    do {
      try parser.parse(into: &globals, command: nil)
      self.request = try Self.request(&parser, globals)
    } catch {
      throw error.with(globals: globals)
    }
    self.globals = globals
  }

  private static func request(
    _ parser: inout ArgumentParser, _ globals: OptionValues
  ) throws(UsageError) -> Request {
    if globals.flag("help") { return .help(nil) }
    if globals.flag("version") { return .version }
    guard let name = parser.next() else { return .help(nil) }
    guard let command = parser.command(name) else { throw UsageError.unknownCommand(name) }

    var values = OptionValues(options: command.options + [CommandTable.help])
    try parser.parse(into: &values, command: command)
    if values.flag("help") { return .help(command) }
    try check(values, of: command)
    switch command.name {
    case "help":
      guard let topic = values.positionals.first else { return .help(nil) }
      guard let command = CommandTable.command(topic) else { throw UsageError.unknownCommand(topic) }
      return .help(command)
    case "version": return .version
    default: return .command(command, values)
    }
  }

  /// Counts in runc's words.
  private static func check(_ values: OptionValues, of command: Command) throws(UsageError) {
    let positionals = values.positionals
    let expected = try positionalsExpected(values, of: command)
    let (count, minimum) = (positionals.count, expected.count { $0.required })
    if !expected.contains(where: { $0.variadic }) {
      let maximum = expected.count
      if minimum == maximum, count != minimum {
        throw UsageError("\"\(command.name)\" requires exactly \(minimum) argument(s)")
      }
      if count > maximum {
        throw UsageError("\"\(command.name)\" requires a maximum of \(maximum) argument(s)")
      }
    }
    if count < minimum {
      throw UsageError("\"\(command.name)\" requires a minimum of \(minimum) argument(s)")
    }
    for (positional, text) in zip(expected, positionals) {
      if case .words(let words) = positional.candidates, !words.contains(text) {
        throw .expected(alternatives(words), for: command.name, found: text)
      }
    }
  }
}

extension Invocation {
  /// Whether a command line, which may have any fault, is meant to run a container of an image.
  package static func isRunOfImage(_ arguments: [String]) -> Bool {
    guard let run = arguments.firstIndex(of: "run") else { return false }
    return arguments[run...].contains { $0 == "--image" || $0.hasPrefix("--image=") }
  }

  /// Those of the form that the command was given in; its options must belong to it.
  private static func positionalsExpected(
    _ values: OptionValues, of command: Command
  ) throws(UsageError) -> [Positional] {
    guard let variant = command.variant else { return command.positionals }
    let given = command.options.filter { values.isGiven($0.long) }
    if values.isGiven(variant.option) {
      if let option = given.first(where: { variant.excludes.contains($0.long) }) {
        throw UsageError("--\(option.long) and --\(variant.option) exclude each other")
      }
      return variant.positionals
    }
    if let option = given.first(where: { $0.group == variant.group }) {
      throw UsageError("--\(option.long) needs --\(variant.option)")
    }
    return command.positionals
  }
}

/// The position in a command line.
private struct ArgumentParser {
  let arguments: [String]
  private var position = 0

  init(arguments: [String]) { self.arguments = arguments }

  /// The command of a word, or of this and the next one.
  mutating func command(_ name: String) -> Command? {
    if position < arguments.count, let command = CommandTable.command(name, arguments[position]) {
      position += 1
      return command
    }
    return CommandTable.command(name)
  }

  mutating func next() -> String? {
    guard position < arguments.count else { return nil }
    defer { position += 1 }
    return arguments[position]
  }

  /// Takes the options and positionals of a command, or the options before the command (`command` is nil).
  mutating func parse(into values: inout OptionValues, command: Command?) throws(UsageError) {
    while let argument = next() {
      if argument == "--" {
        if command != nil { takeRest(into: &values) }
        return
      }
      guard argument.utf8.first == UInt8(ascii: "-"), argument.utf8.count > 1 else {
        guard let command else {
          position -= 1
          return
        }
        values.add(positional: argument)
        if command.endsOptions(values) {
          takeRest(into: &values)
          return
        }
        continue
      }
      try parseOption(argument, into: &values, command)
    }
  }

  private mutating func parseOption(
    _ argument: String, into values: inout OptionValues, _ command: Command?
  ) throws(UsageError) {
    var name = argument.dropFirst()
    if name.utf8.first == UInt8(ascii: "-") { name = name.dropFirst() }
    var attached: Substring?
    if let sign = name.utf8.firstIndex(of: UInt8(ascii: "=")) {
      attached = name[name.utf8.index(after: sign)...]
      name = name[..<sign]
    }
    guard let option = values.options.first(where: { $0.answers(to: name) }) else {
      if attached == nil, command?.clustersFlags == true, let flags = Self.cluster(argument, values.options) {
        for flag in flags { try values.add(flag, "true") }
        return
      }
      throw unknownOption(argument, name, values.options, command)
    }
    if let attached {
      try values.add(option, String(attached))
    } else if !option.takesValue {
      try values.add(option, "true")
    } else if let value = next() {
      try values.add(option, value)
    } else {
      throw UsageError("--\(option.long) needs a value (\(option.value.placeholder ?? ""))")
    }
  }

  /// `-it`: every letter is a flag's.
  private static func cluster(_ argument: String, _ options: [Option]) -> [Option]? {
    guard argument.utf8.dropFirst().first != UInt8(ascii: "-") else { return nil }
    var flags: [Option] = []
    for letter in argument.dropFirst() {
      guard let flag = options.first(where: { $0.short == letter && !$0.takesValue }) else { return nil }
      flags.append(flag)
    }
    return flags
  }

  private mutating func takeRest(into values: inout OptionValues) {
    while let argument = next() { values.add(positional: argument) }
  }

  private func unknownOption(
    _ argument: String, _ name: Substring, _ options: [Option], _ command: Command?
  ) -> UsageError {
    let shown = argument.prefix { $0 != "=" }
    let topic = command.map { "swiftcr \($0.name) --help" } ?? "swiftcr --help"
    let hint: String
    if let command, CommandTable.globals.contains(where: { $0.answers(to: name) }) {
      hint = "; it is a global option: write it before \"\(command.name)\"."
    } else if command == nil, let owner = owner(of: name) {
      hint = "; it is an option of \"\(owner)\": write it after the command."
    } else if let near = nearest(to: String(name), among: options.map(\.long)) {
      hint = "; did you mean --\(near)?"
    } else {
      hint = "."
    }
    return UsageError("unknown option \(printable(shown))\(hint) See '\(topic)'")
  }

  /// The command on the line, if it has that option: it was written too early.
  private func owner(of name: Substring) -> String? {
    for argument in arguments[position...] {
      if let command = CommandTable.command(argument) {
        return command.options.contains { $0.answers(to: name) } ? command.name : nil
      }
    }
    return nil
  }
}

extension Command {
  /// Whether the rest of the line, after a positional, is somebody else's.
  fileprivate func endsOptions(_ values: OptionValues) -> Bool {
    guard let variant, values.isGiven(variant.option) else { return endsOptionsAtPositional }
    return variant.endsOptionsAtPositional
  }
}
