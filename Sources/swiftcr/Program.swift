internal import Arguments
internal import Container
internal import Glibc
internal import Kernel

/// The program: one command, from its arguments to its exit status.
enum Program {
  static func run() -> Int32 {
    let invocation: Invocation
    do throws(UsageError) {
      invocation = try Invocation(parsing: Invocation.programArguments())
    } catch {
      if let log = try? Log(error.globals) { log.error(error.description) } else { Log.toStandardError("\(error)") }
      // docker's: errors of the command line of `run --image` are told apart from the container's exit codes.
      return Invocation.isRunOfImage((try? Invocation.programArguments()) ?? []) ? 125 : 1
    }
    switch invocation.request {
    case .help(let command): return Output.print(Help.text(for: command))
    // Docker takes what is after "commit:" for the runtime's version, and distributions have runc say its own there.
    case .version:
      let version = CommandTable.version
      return Output.print("swiftcr version \(version)\ncommit: \(version)\nspec: \(Output.specVersion)\n")
    case .command(let command, let values): return run(command, values, invocation.globals)
    }
  }

  private static func run(_ command: Command, _ values: OptionValues, _ globals: OptionValues) -> Int32 {
    let log: Log
    do throws(SystemError) {
      log = try Log(globals)
    } catch {
      Log.toStandardError("\(error)")
      return 1
    }
    // Whatever is opened later must not become the container's standard stream.
    for number in CInt(0)...2 where fcntl(number, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
    do {
      if command.isOfImages { try ImageProgram.become() }
      return try CommandRunner(values: values, globals: globals, log: log).run(command.name)
    } catch {
      log.error("\(error)")
      let code = (error as? ContainerError)?.exitCode ?? 1
      guard code == 1 else { return code }
      // runc's, and docker's: the command's own are told apart from them.
      return command.name == "exec" ? 255 : command.name == "run" && values.isGiven("image") ? 125 : 1
    }
  }
}

/// One command with its options.
struct CommandRunner {
  let values: OptionValues
  let globals: OptionValues
  let log: Log

  /// The container's id; the table sees to it that there is one.
  var id: String { values.positionals.first ?? "" }

  func run(_ name: String) throws -> Int32 {
    switch name {
    case "run" where values.isGiven("image"): try runImage()
    case "run": try launch(mode: values.flag("detach") ? .detached : .foreground)
    case "create": try launch(mode: .create)
    case "start": try start()
    case "rm": try rm()
    case "stop": try stop()
    case "bundle": try bundle()
    case "exec": try exec()
    case "state": try state()
    case "list": try list()
    case "kill": try kill()
    case "delete": try delete()
    case "ps": try ps()
    case "wait": try wait()
    case "mounts": try mounts()
    case "pause": try pause()
    case "resume": try resume()
    case "update": try update()
    case "events": try events()
    case "checkpoint": try checkpoint()
    case "restore": try restore()
    case "reclaim": try reclaim()
    case "spec": try spec()
    case "features": try features()
    case "plan": try plan()
    case "purge": try purge()
    case "man": Output.print(ManualPage.text(for: try topic()))
    case "completion": Output.print(Completion.script(for: id))
    default: throw UsageError("unknown command \(quoted(name)). See 'swiftcr help'")
    }
  }

  /// The command that a page was asked for.
  private func topic() throws -> Command? {
    guard let name = values.positionals.first else { return nil }
    guard let command = CommandTable.command(name) else { throw UsageError.unknownCommand(name) }
    return command
  }

  func runtime() throws -> Runtime { try runtime(root: globals.value("root") ?? StateStore.defaultRoot) }

  func runtime(root: String) throws -> Runtime {
    let log = log
    return try Runtime(root: root, trace: { log.debug($0) }, warn: { log.warning($0) })
  }
}
