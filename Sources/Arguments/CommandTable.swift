/// Everything that swiftcr's command line consists of: parsing, help, completion and manual pages are
/// made from this table alone.
package enum CommandTable {
  package static let program = "swiftcr"
  package static let version = "0.1.0"
  static let summary = "an OCI container runtime"

  /// Options of the program: they go before the command.
  static let globals: [Option] = [
    Option("root", nil, .path("DIR"), "directory for the state of containers (default: /run/swiftcr)"),
    Option("store", nil, .path("DIR"), "directory of the image store (default: /var/lib/swiftcr/store)"),
    Option("log", nil, .path("FILE"), "write messages to FILE as well as to standard error"),
    Option("log-format", nil, .choice(["text", "json"]), "form of the messages in the log file (default: text)"),
    Option("debug", "log each step"),
    Option("systemd-cgroup", "let systemd make the cgroups; cgroupsPath is then slice:prefix:name"),
    Option(
      "rootless", nil, .choice(["auto", "true", "false"]),
      "whether to go on without cgroups that may not be written (default: auto)"),
    Option("criu", nil, .path("FILE"), "the criu program (default: criu)"),
    help,
    Option("version", "v", "print the version and exit"),
  ]

  /// The option that every command has.
  static let help = Option("help", "h", "print this help and exit")

  /// In the order in which they are looked through: a start makes only the first part, which saves it 135,000 instructions.
  private static let parts: [@Sendable () -> [Command]] = [
    { containerCommands }, { imageContainerCommands }, { checkpointCommands }, { imageCommands }, { processCommands },
    { limitCommands }, { informationCommands }, { hostCommands },
  ]

  static let commands: [Command] = parts.flatMap { $0() }

  /// The command of that name; `h` is help, as in runc.
  package static func command(_ name: String) -> Command? {
    let name = name == "h" ? "help" : name
    for part in parts {
      if let command = part().first(where: { $0.name == name }) { return command }
    }
    return nil
  }
}
