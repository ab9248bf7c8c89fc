internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// `--output`: what was built, to somewhere else than the store.
struct BuildExport {
  let session: BuildSession
  let state: StageState

  /// All files of the image.
  ///
  /// - Returns: whether that was what was wanted; the other forms are of the image as it is stored.
  func writeFiles(_ output: BuildOutput) throws -> Bool {
    switch output {
    case .archive(let path):
      try Self.withFile(path) { try flatten(to: FileSink($0)) }
    case .directory(let path):
      try writeDirectory(path)
    case .oci, .docker: return false
    }
    return true
  }

  private func flatten(to sink: any ByteSink) throws {
    let files = StageFiles(state.baseLowers, session)
    for layer in state.layers { files.push(layer) }
    let tree = try files.tree()
    try LayerDiff.flatten(root: tree.merged.number, isLayer: false, to: sink)
  }

  /// A directory that is there already keeps what it has, as with docker; what is in the way of a file goes.
  private func writeDirectory(_ path: String) throws {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw SystemError("make directory", path) }
    // Below a new directory first: the sink wants one of its own, and resolves every name in it.
    let root = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    let intake = LayerIntake(try DirectorySink(root: root))
    StageThread.prepare()
    try flatten(to: intake)
    _ = try intake.finish { _ in () }
  }

  /// The image, as an archive of images.
  static func write(_ id: Digest, _ tags: [Reference], _ output: BuildOutput, _ session: BuildSession) throws {
    let form: Save.Form
    let path: String?
    switch output {
    case .oci(let place): (form, path) = (.ociArchive, place)
    case .docker(let place): (form, path) = (.dockerArchive, place)
    case .directory, .archive: return
    }
    let save = Save(session.library, form, platform: session.options.platform)
    let names = tags.isEmpty ? ["\(id)"] : tags.map(\.description)
    try withFile(path) { try save(names, to: $0) }
  }

  private static func withFile(_ path: String?, _ body: (CInt) throws -> Void) throws {
    guard let path else {
      guard isatty(STDOUT_FILENO) != 1 else {
        throw BuildFailure("--output: standard output is a terminal: give dest=FILE")
      }
      return try body(STDOUT_FILENO)
    }
    let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, mode: 0o644)
    try body(file.number)
  }
}
