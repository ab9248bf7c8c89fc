internal import Arguments
internal import Glibc
internal import Image
internal import OCI

/// `load`, `save` and `import`.
extension ImageCommand {
  func load() async throws -> Int32 {
    let isQuiet = values.flag("quiet")
    if values.value("input") == nil, isatty(STDIN_FILENO) == 1 {
      throw UsageError("load: standard input is a terminal: name a file with --input, or use < file")
    }
    let progress = ProgressBoard(isQuiet: isQuiet, words: .pull)
    let loaded = try await Load(try library(), progress)(values.value("input"))
    progress.finish()
    for image in loaded {
      Output.print(image.name.map { "Loaded image: \($0.familiar)\n" } ?? "Loaded image ID: \(image.id)\n")
    }
    return 0
  }
}

extension ImageCommand {
  func save() throws -> Int32 {
    let library = try library()
    let form = values.value("format").flatMap { Save.Form(rawValue: $0) } ?? .dockerArchive
    let save = Save(library, form, platform: try platform())
    guard form == .ociDirectory else {
      try withOutput { try save(values.positionals, to: $0) }
      return 0
    }
    guard let path = values.value("output") else { throw UsageError("save: oci-dir needs --output DIR") }
    try save(values.positionals, toDirectory: path)
    return 0
  }
}
