/// Completion scripts from the table.
package enum Completion {
  /// The script for bash, zsh or fish: the shells of the table.
  package static func script(for shell: String) -> String {
    switch shell {
    case "zsh": zsh()
    case "fish": fish()
    default: bash()
    }
  }

  /// `--bundle` and `-b`: what a shell may find on the command line.
  static func spellings(_ option: Option) -> [String] {
    ["--" + option.long] + (option.short.map { ["-\($0)"] } ?? [])
  }

  /// The options of a command as they are completed, help included.
  static func options(of command: Command) -> [Option] { command.options + [CommandTable.help] }

  static var commandNames: [String] { CommandTable.commands.map(\.name) }

  /// A text within single quotes. This form means the same to fish and to the POSIX shells, as long as no backslash
  /// stands before a quote or a backslash; no help text has one.
  static func singleQuoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
