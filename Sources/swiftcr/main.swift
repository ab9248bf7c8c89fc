internal import Glibc

do {
  let invocation = try Invocation(parsing: Invocation.programArguments())
  switch invocation.request {
  case .help(let command): print(Help.text(for: command), terminator: "")
  case .version: print("swiftcr version 0")
  case .command(let command, let values):
    if command.name == "completion", let shell = values.positionals.first {
      print(Completion.script(for: shell), terminator: "")
    }
  }
} catch {
  Log.toStandardError(error.description)
  exit(1)
}
