internal import Arguments
internal import Glibc
internal import Image
internal import Kernel
internal import OCI
internal import Registry

/// `build`.
extension ImageCommand {
  func build() async throws -> Int32 {
    let options = try BuildOptions(values, globals)
    let library = try library()
    let interruption = BuildInterruption()
    try Interrupts.watch { interruption.interrupt() }
    let board = try progress()
    let build = Build(
      library, options, board, interruption, isSequential: board is ClassicProgress
    ) { reference, platform in
      try await withClient { client in
        _ = try await Pull(library, client, ProgressBoard(isQuiet: true, words: .pull))(
          reference, platforms: [platform])
      }
    }
    do {
      guard let outcome = try await build() else { return 0 }
      board.finish(outcome)
      if values.flag("quiet") { Output.print("\(outcome.id)\n") }
      try write(outcome)
      return 0
    } catch let error as BuildFailure {
      board.stop()
      BuildText.printError(error.description)
      return error.isInterruption ? 130 : 1
    }
  }

  private func progress() throws -> any BuildProgress {
    if values.flag("quiet") { return QuietProgress() }
    switch values.value("progress") ?? "auto" {
    case "classic": return ClassicProgress()
    case "plain": return PlainProgress()
    case "tty": return TerminalProgress()
    default: return isatty(STDERR_FILENO) == 1 ? TerminalProgress() : PlainProgress()
    }
  }

  private func write(_ outcome: Build.Outcome) throws {
    if let path = values.value("iidfile") { try write("\(outcome.id)", to: path) }
    if let path = values.value("metadata-file") {
      let json = JSON.object([
        JSON.Member("containerimage.config.digest", .string("\(outcome.id)")),
        JSON.Member("containerimage.digest", .string("\(outcome.digest)")),
        JSON.Member("image.name", .string(outcome.tags.map(\.description).joined(separator: ","))),
      ])
      try write(json.text(indent: "  ") + "\n", to: path)
    }
  }

  private func write(_ text: String, to path: String) throws {
    let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, mode: 0o644)
    try file.writeAll(text.utf8, subject: path)
  }
}
