internal import Arguments
internal import Glibc
internal import Image
internal import Kernel
internal import Layers
internal import OCI

/// `commit`, `diff`, `export`, `import` and `image squash`.
extension ImageCommand {
  func commit() throws -> Int32 {
    var options = CommitOptions()
    options.author = values.value("author")
    options.message = values.value("message")
    options.pauses = !values.flag("no-pause")
    options.changes = try values.values("change").map { try ConfigChange($0) }
    let id = try library().commit(argument(0) ?? "", as: argument(1), options)
    return Output.print("\(id)\n")
  }

  func diff() throws -> Int32 {
    var text = ""
    var changes: [JSON] = []
    try library().changes(of: argument(0) ?? "") { change in
      if isJSON {
        changes.append(
          .object([
            JSON.Member("kind", .string(String(change.kind.rawValue))),
            JSON.Member("path", .string(String(decoding: change.path, as: UTF8.self))),
          ]))
      } else {
        text += "\(change)\n"
      }
    }
    return Output.print(isJSON ? JSON.array(changes).text(indent: "  ") + "\n" : text)
  }

  func export() throws -> Int32 {
    let library = try library()
    try withOutput { try library.export(argument(0) ?? "", to: $0) }
    return 0
  }

  /// The file of `--output`, made when there is none, or standard output.
  func withOutput(_ body: (CInt) throws -> Void) throws {
    guard let path = values.value("output") else {
      if isatty(STDOUT_FILENO) == 1 { throw UsageError("standard output is a terminal: name a file with --output") }
      return try body(STDOUT_FILENO)
    }
    // What is half written has another name.
    let temporary = "\(path).part-\(getpid())"
    let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, mode: 0o644)
    do {
      try body(file.number)
      guard rename(temporary, path) == 0 else { throw SystemError("write", path) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  func importArchive() throws -> Int32 {
    let file = argument(0) == "-" ? nil : argument(0)
    let id = try library().importArchive(
      file, as: argument(1), platform: try platform(),
      changes: try values.values("change").map { try ConfigChange($0) },
      message: values.value("message"))
    return Output.print("\(id)\n")
  }

  func squash() throws -> Int32 {
    Output.print("\(try library().squash(argument(0) ?? "", as: argument(1), message: values.value("message")))\n")
  }
}
