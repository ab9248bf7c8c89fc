internal import OCI

/// A command line that makes no sense: one line that says why. The exit code is 1, as runc's.
package struct UsageError: Error, CustomStringConvertible {
  package let description: String
  /// The global options that were understood before: the log file is to have the error as well.
  package private(set) var globals = OptionValues(options: CommandTable.globals)

  package init(_ description: String) { self.description = description }

  /// `--preserve-fds: expected a number from 0 to 1024, found "x"`.
  package static func expected(_ what: String, for name: String, found text: String) -> UsageError {
    UsageError("\(name): expected \(what), found \(quoted(text))")
  }

  package static func unknownCommand(_ name: String) -> UsageError {
    let suggestion = nearest(to: name, among: CommandTable.commands.map(\.name)).map { "; did you mean \($0)?" }
    return UsageError("unknown command \(quoted(name))\(suggestion ?? ".") See 'swiftcr help'")
  }

  func with(globals: OptionValues) -> UsageError {
    var error = self
    error.globals = globals
    return error
  }
}
