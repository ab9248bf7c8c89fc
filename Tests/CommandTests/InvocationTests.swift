import OCI
import Testing

@testable import Arguments
@testable import OCI

/// A parsed command line as a line of text, so that tables can say what they expect.
private func shape(_ arguments: [String]) -> String {
  do {
    let invocation = try Invocation(parsing: arguments)
    switch invocation.request {
    case .help(let command): return "help \(command?.name ?? "")"
    case .version: return "version"
    case .command(let command, let values):
      var words = [command.name]
      for option in command.options {
        switch option.value {
        case .flag: if values.flag(option.long) { words.append(option.long) }
        default: words += values.values(option.long).map { "\(option.long)=\($0)" }
        }
      }
      return (words + values.positionals.map { "<\($0)>" }).joined(separator: " ")
    }
  } catch {
    return "error: \(error)"
  }
}

@Test(arguments: [
  // Both spellings of a value, one dash or two, short and long.
  ("run --bundle /b id", "run bundle=/b <id>"),
  ("run --bundle=/b id", "run bundle=/b <id>"),
  ("run -bundle /b id", "run bundle=/b <id>"),
  ("run -bundle=/b id", "run bundle=/b <id>"),
  ("run -b /b id", "run bundle=/b <id>"),
  ("run -b=/b id", "run bundle=/b <id>"),
  ("run --b /b id", "run bundle=/b <id>"),
  // Two words, and docker's ways to say one command.
  ("image verify --repair", "image-verify repair"),
  ("image-verify", "image-verify"),
  ("layer which box:1 /bin/sh", "layer-which <box:1> </bin/sh>"),
  ("image pull box:1", "pull <box:1>"),
  ("image ls -aq", "images all quiet"),
  ("image rm box:1", "rmi <box:1>"),
  ("prune -af", "prune all force"),
  ("image nosuch", "error: unknown command \"image\"; did you mean images? See 'swiftcr help'"),
  ("layer pull box:1", "error: unknown command \"layer\". See 'swiftcr help'"),
  // Only the first sign separates.
  ("run --bundle=a=b id", "run bundle=a=b <id>"),
  // A value is the next argument, whatever it looks like.
  ("run --bundle --detach id", "run bundle=--detach <id>"),
  ("run --bundle -- id", "run bundle=-- <id>"),
  // Flags.
  ("run -d id", "run detach <id>"),
  ("run --detach=true id", "run detach <id>"),
  ("run --detach=1 --keep=T id", "run detach keep <id>"),
  ("run --detach=false id", "run <id>"),
  ("run --detach --detach=0 id", "run <id>"),
  ("run --detach false", "run detach <false>"),
  // The last value wins, or all are kept.
  ("run --bundle a --bundle b id", "run bundle=a bundle=b <id>"),
  ("run --layer a --layer=b --layer a id", "run layer=a layer=b layer=a <id>"),
  // Commas do not separate, as in a variable's value.
  ("exec -e A=1,2 --env B= id sh", "exec env=A=1,2 env=B= <id> <sh>"),
  ("exec -g 7 -g 9 id sh", "exec additional-gids=7 additional-gids=9 <id> <sh>"),
  // Options after positionals: the command's own, but not those of a command line within.
  ("run id --detach", "run detach <id>"),
  ("delete id --force", "delete force <id>"),
  ("kill id --all KILL", "kill all <id> <KILL>"),
  ("kill -a id 9", "kill all <id> <9>"),
  ("exec id ls -l --detach", "exec <id> <ls> <-l> <--detach>"),
  ("exec -t id -t", "exec tty <id> <-t>"),
  ("exec id -- ls", "exec <id> <--> <ls>"),
  ("exec -- id ls -l", "exec <id> <ls> <-l>"),
  ("ps -f json id -f x", "ps format=json <id> <-f> <x>"),
  // The end of the options.
  ("delete -f -- id", "delete force <id>"),
  ("delete -- --force", "delete <--force>"),
  ("kill -- id -9", "kill <id> <-9>"),
  ("-- list", "list"),
  ("run -", "run <->"),
  // Engines' lines.
  (
    "--systemd-cgroup --log-format=json --log F create --bundle B --pid-file P --console-socket S --preserve-fds 3 ID",
    "create bundle=B console-socket=S preserve-fds=3 pid-file=P <ID>"
  ),
  ("--root R --log L --log-format json kill --all ID 9", "kill all <ID> <9>"),
  (
    "--root R exec --process F --console-socket S --detach --pid-file P ID",
    "exec process=F detach pid-file=P console-socket=S <ID>"
  ),
  // Help and version.
  ("", "help "), ("--root x", "help "), ("help", "help "), ("-h", "help "), ("--help run", "help "),
  ("help run", "help run"), ("h run", "help run"), ("run --help", "help run"), ("run -h a b c", "help run"),
  ("run id --help", "help run"), ("exec id ls --help", "exec <id> <ls> <--help>"), ("help help", "help help"),
  ("--version", "version"), ("-v", "version"), ("--version run", "version"), ("version", "version"),
])
func parses(line: String, expected: String) {
  #expect(shape(line.split(separator: " ").map(String.init)) == expected)
}

@Test(arguments: [
  ("run", #""run" requires exactly 1 argument(s)"#),
  ("run a b", #""run" requires exactly 1 argument(s)"#),
  ("list x", #""list" requires exactly 0 argument(s)"#),
  ("exec", #""exec" requires a minimum of 1 argument(s)"#),
  ("kill", #""kill" requires a minimum of 1 argument(s)"#),
  ("kill a b c", #""kill" requires a maximum of 2 argument(s)"#),
  ("run --bundel x id", "unknown option --bundel; did you mean --bundle? See 'swiftcr run --help'"),
  ("run --bundel=x id", "unknown option --bundel; did you mean --bundle? See 'swiftcr run --help'"),
  ("run -detahc id", "unknown option -detahc; did you mean --detach? See 'swiftcr run --help'"),
  ("run id --nosuch", "unknown option --nosuch. See 'swiftcr run --help'"),
  ("list -qf json", "unknown option -qf. See 'swiftcr list --help'"),
  ("list -fjson", "unknown option -fjson. See 'swiftcr list --help'"),
  ("run ---detach id", "unknown option ---detach; did you mean --detach? See 'swiftcr run --help'"),
  ("run --=x id", "unknown option --. See 'swiftcr run --help'"),
  (
    "run --root /r id",
    #"unknown option --root; it is a global option: write it before "run". See 'swiftcr run --help'"#
  ),
  (
    "--bundle x run id",
    #"unknown option --bundle; it is an option of "run": write it after the command. See 'swiftcr --help'"#
  ),
  ("strat id", "unknown command \"strat\"; did you mean start? See 'swiftcr help'"),
  ("help nosuchthing", "unknown command \"nosuchthing\". See 'swiftcr help'"),
  ("run --bundle", "--bundle needs a value (DIR)"),
  ("--root", "--root needs a value (DIR)"),
  ("run --detach=maybe id", #"--detach: expected true or false, found "maybe""#),
  ("run --preserve-fds x id", #"--preserve-fds: expected a number from 0 to 1024, found "x""#),
  ("run --preserve-fds= id", #"--preserve-fds: expected a number from 0 to 1024, found """#),
  ("run --preserve-fds=-1 id", #"--preserve-fds: expected a number from 0 to 1024, found "-1""#),
  ("run --preserve-fds 1025 id", #"--preserve-fds: expected a number from 0 to 1024, found "1025""#),
  ("run --preserve-fds 0x10 id", #"--preserve-fds: expected a number from 0 to 1024, found "0x10""#),
  ("run --preserve-fds 010 id", #"--preserve-fds: expected a number from 0 to 1024, found "010""#),
  (
    "run --preserve-fds 99999999999999999999 id",
    #"--preserve-fds: expected a number from 0 to 1024, found "99999999999999999999""#
  ),
  ("exec -g 1,2 id sh", #"--additional-gids: expected a number from 0 to 4294967294, found "1,2""#),
  ("list -f xml", #"--format: expected table or json, found "xml""#),
  ("--log-format xml list", #"--log-format: expected text or json, found "xml""#),
  ("--rootless maybe list", #"--rootless: expected auto, true or false, found "maybe""#),
  ("completion csh", #"completion: expected bash, zsh or fish, found "csh""#),
])
func refuses(line: String, message: String) {
  #expect(shape(line.split(separator: " ").map(String.init)) == "error: " + message)
}

@Test func hostileTextsStayOnOneLine() throws {
  let error = #expect(throws: UsageError.self) { try Invocation(parsing: ["run", "--a\u{1b}[2J\nb"]) }
  #expect(error?.description == "unknown option --a\\x1b[2J\\nb. See 'swiftcr run --help'")
}

@Test func typedAccess() throws {
  let invocation = try Invocation(
    parsing: ["--root", "/r", "--debug", "exec", "--cwd", "", "-u", "", "--preserve-fds=4", "-g", "5", "-g=6", "id"])
  #expect(invocation.globals.value("root") == "/r")
  #expect(invocation.globals.flag("debug"))
  #expect(invocation.globals.value("log") == nil)
  guard case .command(let command, let values) = invocation.request else {
    Issue.record("no command")
    return
  }
  #expect(command.name == "exec")
  #expect(values.value("cwd") == nil, "an empty path counts as not given")
  #expect(values.value("user")?.isEmpty == true, "an empty user must reach the parser that refuses it")
  #expect(values.integer("preserve-fds") == 4)
  #expect(values.integers("additional-gids") == [5, 6])
  #expect(!values.flag("detach"))
}

@Test func theLastValueWins() throws {
  let invocation = try Invocation(parsing: ["--root", "/a", "--root=/b", "--log=x", "--log=", "list"])
  #expect(invocation.globals.value("root") == "/b")
  #expect(invocation.globals.value("log") == nil, "an empty path takes back the one before")
}

@Test(arguments: [["run"], ["run", "--nosuch"], ["nosuch"], ["-x"]])
func errorsKnowTheLogFile(arguments: [String]) throws {
  let error = #expect(throws: UsageError.self) { try Invocation(parsing: ["--log", "L"] + arguments) }
  #expect(error?.globals.value("log") == "L")
}

@Test func tableIsConsistent() {
  let tables = [("", CommandTable.globals)] + CommandTable.commands.map { ($0.name, $0.options + [CommandTable.help]) }
  for (command, options) in tables {
    let names = options.flatMap { [$0.long] + ($0.short.map { [String($0)] } ?? []) }
    #expect(Set(names).count == names.count, "\(command): two options have one name")
    #expect(options.allSatisfy { $0.long.utf8.count > 1 && !$0.help.isEmpty })
  }
  let names = CommandTable.commands.map(\.name)
  #expect(Set(names).count == names.count)
  for command in CommandTable.commands {
    #expect(!command.positionals.dropLast().contains { $0.variadic }, "only the last positional can be variadic")
    let firstOptional = command.positionals.firstIndex { !$0.required } ?? command.positionals.endIndex
    #expect(!command.positionals[firstOptional...].contains { $0.required })
  }
}

@Test(arguments: [
  ("", "abc", 3), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "acb", 1), ("kitten", "sitting", 3),
  ("bundel", "bundle", 1),
])
func editDistances(one: String, other: String, distance: Int) {
  #expect(editDistance(Array(one.utf8), Array(other.utf8)) == distance)
  #expect(editDistance(Array(other.utf8), Array(one.utf8)) == distance)
}
