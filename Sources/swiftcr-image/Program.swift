internal import Arguments
internal import Glibc
internal import Image
internal import Kernel
internal import Registry

/// The program: one command on images, from its arguments to its exit status. `swiftcr` executes it with its own arguments.
enum Program {
  static func run() async -> Int32 {
    // A reader of our output that goes away is an error of write(2), not the end of a pull.
    signal(SIGPIPE, SIG_IGN)
    Heap.returnsLargeBlocks()
    let invocation: Invocation
    do throws(UsageError) {
      invocation = try Invocation(parsing: Invocation.programArguments())
    } catch {
      Log.toStandardError("\(error)")
      return 1
    }
    switch invocation.request {
    case .help(let command): return Output.print(Help.text(for: command))
    case .version: return Output.print("swiftcr-image version \(CommandTable.version)\n")
    case .command(let command, let values):
      let log: Log
      do throws(SystemError) {
        log = try Log(invocation.globals)
      } catch {
        Log.toStandardError("\(error)")
        return 1
      }
      do {
        return try await ImageCommand(values: values, globals: invocation.globals, log: log).run(command.name)
      } catch {
        log.error("\(error)")
        return 1
      }
    }
  }
}

/// One command with its options.
struct ImageCommand {
  let values: OptionValues
  let globals: OptionValues
  let log: Log

  func run(_ name: String) async throws -> Int32 {
    switch name {
    case "pull": try await pull()
    case "push": try await push()
    case "login": try await login()
    case "logout": try await logout()
    case "build": try await build()
    case "load": try await load()
    case "save": try save()
    case "commit": try commit()
    case "cp": try copy()
    case "diff": try diff()
    case "export": try export()
    case "import": try importArchive()
    case "image-squash": try squash()
    case "image-verify": try verify()
    case "layer-ls": try layerList()
    case "layer-which": try layerWhich()
    case "layer-diff": try layerDiff()
    case "image-tree": try tree()
    case "images": try images()
    case "tag": try tag()
    case "rmi": try rmi()
    case "history": try history()
    case "inspect": try inspect()
    case "prune": try prune()
    case "df": try df()
    default: throw UsageError("\(name) is a command of swiftcr, not of swiftcr-image")
    }
  }

  func library() throws -> ImageLibrary {
    try ImageLibrary(path: globals.value("store") ?? DataDirectory.store)
  }

  /// The n-th argument; the table sees to it that there is one where it is needed.
  func argument(_ index: Int) -> String? {
    values.positionals.indices.contains(index) ? values.positionals[index] : nil
  }

  var isJSON: Bool { values.value("format") == "json" }
}
