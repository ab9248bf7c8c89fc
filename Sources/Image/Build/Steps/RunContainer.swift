internal import CLinux
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// The container of one RUN: a bundle in the workspace, executed by `swiftcr run`.
struct RunContainer {
  let session: BuildSession
  let id: String
  /// The bundle.
  let directory: String
  /// Where its output goes.
  let output: ([UInt8]) -> Void

  private var layer: String { "\(directory)/layer" }
  var upper: String { "\(layer)/upper" }

  init(_ session: BuildSession, output: @escaping ([UInt8]) -> Void) {
    self.session = session
    id = "build-\(Hold.newName().prefix(12))"
    directory = session.newPath("run")
    self.output = output
  }

  /// Writes the bundle.
  ///
  /// - Parameters:
  ///   - files: which the stage has so far.
  ///   - points: what is mounted on and not there, besides what every container has.
  func prepare(
    _ request: ContainerRequest, _ config: ImageConfig, _ files: StageFiles,
    points: (directories: [String], files: [String])
  ) throws(ImageError) {
    try makeDirectory()
    var request = request
    var own = ContainerFiles(request)
    own.setOwnHosts(request)
    own.add(hosts: session.options.hosts)
    request.files = own.mounts(from: directory)
    let tree = try files.tree()
    let accounts = try Self.accounts(tree)
    try StackMaking.makeMountPoints(
      "\(directory)/mounts", tree.stated, directories: points.directories, files: points.files)
    let lowers = try files.settledLowers() + [session.storeName(of: "\(directory)/mounts")]
    let made: ContainerConfig
    do throws(ContainerRequestError) {
      made = try request.config(
        of: config, accounts: accounts,
        annotations: ContainerRequest.annotations(
          layers: lowers.map { "\(session.library.layout.path)/\($0)" }, isVolatile: true),
        host: session.host)
    } catch {
      throw ImageError(error.description)
    }
    for (name, bytes) in own.all.map({ ($0.name, $0.bytes) }) + [("config.json", made.bytes)] {
      try rethrowing { () throws(SystemError) in
        let file = try Descriptor.open("\(directory)/\(name)", O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        try file.writeAll(bytes, subject: name)
      }
    }
  }

  private func makeDirectory() throws(ImageError) {
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw ImageError(SystemError("make", directory)) }
  }

  /// A script that the container executes.
  func write(script: String) throws(ImageError) -> String {
    try makeDirectory()
    let path = "\(directory)/script"
    try rethrowing { () throws(SystemError) in
      let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o755)
      try file.writeAll(script.utf8, subject: "script")
    }
    return path
  }

  static func accounts(_ tree: StageFiles.OpenTree) throws(ImageError) -> Accounts {
    func bytes(_ path: String) throws(ImageError) -> [UInt8] {
      do throws(SystemError) {
        return try InRoot.readFile(path, limit: 4 << 20, at: tree.merged.number)
      } catch {
        return []
      }
    }
    return Accounts(passwd: try bytes("etc/passwd"), group: try bytes("etc/group"))
  }

  /// Runs it to its end.
  ///
  /// - Returns: the exit code, as a shell has it.
  ///
  /// - Parameter hasTerminal: whether it has the caller's terminal, and all output goes there.
  func run(hasTerminal: Bool = false) throws(ImageError) -> Int32 {
    let root = session.options.stateRoot.map { ["--root", $0] } ?? []
    let program = try rethrowing { () throws(SystemError) in try RuntimeProgram.path() }
    let id = id
    let end: @Sendable () -> Void = {
      _ = try? HostProgram.output(program, root + ["delete", "--force", id])
    }
    return try session.interruption.whileRunning(id, end: end) { () throws(ImageError) in
      let arguments = root + ["run", "--bundle", directory, "--keep-layer", layer, id]
      return hasTerminal ? try executeAtTerminal(program, arguments) : try execute(program, arguments)
    }
  }

  private func executeAtTerminal(_ program: String, _ arguments: [String]) throws(ImageError) -> Int32 {
    let pid = try rethrowing { () throws(SystemError) in try HostProgram.start(program, arguments) }
    return HostProgram.wait(for: pid).code
  }

  private func execute(_ program: String, _ arguments: [String]) throws(ImageError) -> Int32 {
    let child = try rethrowing { () throws(SystemError) in
      let null = try Descriptor.open("/dev/null", O_RDONLY)
      return try HostProgram.startPiped(program, arguments, input: null.number, withErrors: true)
    }
    let number = child.output.number
    while true {
      let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
        count = max(0, retrying { read(number, buffer.baseAddress, buffer.count) })
      }
      if bytes.isEmpty { break }
      output(bytes)
    }
    return HostProgram.wait(for: child.pid).code
  }
}
