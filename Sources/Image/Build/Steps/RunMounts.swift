internal import Dockerfile
internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// What a RUN sees that is in no layer: its `--mount`s, from the key to the end of the container.
final class RunMounts {
  private let builder: StageBuilder
  private let mounts: [PreparedMount]
  /// Secrets as variables, and where the agents' sockets are.
  private(set) var environment: [String] = []
  private var secrets: SecretFiles?
  private var caches: [CacheMount] = []
  private var agents: [AgentSocket] = []

  init(_ steps: [RunMount], _ builder: StageBuilder) throws {
    self.builder = builder
    mounts = try steps.enumerated().map { try PreparedMount($0.element, number: $0.offset, builder) }
  }

  /// What the mounts are is part of the step; what is in a bind mount, too. What is in caches and secrets is not.
  func describe(in key: inout StepKey) {
    for mount in mounts { mount.describe(in: &key) }
  }

  /// - Returns: what is mounted on and not there, without a slash before it.
  func mount(
    in request: inout ContainerRequest, files: StageFiles
  ) throws -> (directories: [String], files: [String]) {
    var points: (directories: [String], files: [String]) = ([], [])
    let tree = try files.tree()
    for mount in mounts {
      guard let isFile = try place(mount, in: &request) else { continue }
      let found = try TreePath(resolving: Array(mount.target.utf8), at: tree.merged.number)
      // What lies in a file system that every container mounts is made there.
      if found.status != nil || ["dev", "proc", "sys"].contains(found.text.split(separator: "/").first) { continue }
      if isFile { points.files.append(found.text) } else { points.directories.append(found.text) }
    }
    return points
  }

  /// - Returns: whether it is mounted on a file; `nil` when there is nothing to mount.
  private func place(_ mount: PreparedMount, in request: inout ContainerRequest) throws -> Bool? {
    let session = builder.session
    switch mount.step.kind {
    case .tmpfs:
      let size = mount.step.size.map { ",size=\($0)" } ?? ""
      request.temporaries.append(try ContainerRequest.Temporary(parsing: "\(mount.target):exec,mode=1777\(size)"))
      return false
    case .bind:
      let (path, isFile) = try mount.material(session)
      request.volumes.append(.init(source: path, destination: mount.target, isReadonly: mount.step.isReadOnly))
      return isFile
    case .cache:
      let cache = try CacheMount(mount, session)
      caches.append(cache)
      request.volumes.append(.init(source: cache.path, destination: mount.target, isReadonly: mount.step.isReadOnly))
      return false
    case .secret:
      guard let bytes = try mount.secret(session.options) else { return nil }
      if let name = mount.environment {
        request.env.append("\(name)=\(String(decoding: bytes, as: UTF8.self))")
        if mount.step.target == nil { return nil }
      }
      let files = try secrets ?? SecretFiles()
      secrets = files
      let path = try files.write(bytes, mount.step)
      request.volumes.append(.init(source: path, destination: mount.target, isReadonly: true))
      return true
    case .ssh:
      let id = mount.id.isEmpty ? "default" : mount.id
      guard let socket = session.options.agents[id] else {
        guard !mount.step.isRequired else {
          throw BuildFailure("RUN --mount=type=ssh: no agent \(id): give --ssh \(id)")
        }
        return nil
      }
      let own = try AgentSocket(to: socket, mount.step, in: session.newPath("agent"))
      agents.append(own)
      request.volumes.append(.init(source: own.path, destination: mount.target))
      request.env.append("SSH_AUTH_SOCK=\(mount.target)")
      return true
    }
  }

  /// The container has ended.
  func finish() {
    secrets = nil
    caches = []
    agents = []
  }
}

/// One `--mount`, its values expanded.
struct PreparedMount {
  let step: RunMount
  let id: String
  /// Absolute.
  let target: String
  let environment: String?
  private let match: SourceMatch?

  init(_ written: RunMount, number: Int, _ builder: StageBuilder) throws {
    let (expander, variables) = (builder.expander, builder.variables)
    let step = try written.expanded { (text) throws(DockerfileError) in
      try expander.expand(text) { variables.lookup($0) }.text
    }
    self.step = step
    let written = step.target
    let name = step.id ?? ""
    environment = step.environment
    switch step.kind {
    case .secret:
      id = name.isEmpty ? written?.split(separator: "/").last.map(String.init) ?? "" : name
      guard !id.isEmpty else { throw BuildFailure("RUN --mount=type=secret: expected id=ID or target=PATH") }
      target = written.map { builder.absolute($0) } ?? "/run/secrets/\(id)"
    case .ssh:
      id = name
      target = written.map { builder.absolute($0) } ?? "/run/buildkit/ssh_agent.\(number)"
    case .bind, .cache, .tmpfs:
      guard let written, !written.isEmpty else {
        throw BuildFailure("RUN --mount=type=\(step.kind.rawValue): expected target=PATH")
      }
      target = builder.absolute(written)
      id = name.isEmpty ? target.cleanedPath : name
    }
    guard target.cleanedPath != "/" else { throw BuildFailure("RUN --mount: nothing can be mounted on /") }
    let takesFiles = step.kind == .bind || step.kind == .cache && step.from != nil
    guard takesFiles else {
      match = nil
      return
    }
    let tree =
      try step.from.map { try builder.build.tree(of: builder.build.origin($0, builder.plan.platform)) }
      ?? builder.build.mainTree()
    let source = step.source ?? "/"
    let walk = SourceWalk(tree: tree, excluded: nil, check: builder.session.interruption.check)
    match = try walk.match(source)
  }

  func describe(in key: inout StepKey) {
    key.add(
      "mount \(target)",
      "\(step.kind.rawValue) \(id) \(step.isReadOnly) \(step.sharing?.rawValue ?? "") \(step.size ?? 0) \(environment ?? "")"
    )
    guard step.kind == .bind, let match else { return }
    CopyRequest.describe(match, keepsOwners: true, in: &key)
  }

  /// The files of a bind mount, as a copy: what the ignore file leaves out is not there, and what is written is lost.
  func material(_ session: BuildSession) throws(ImageError) -> (path: String, isFile: Bool) {
    guard let match else { throw ImageError("RUN --mount: nothing to mount") }
    var settings = CopySettings(destination: "/files", wantsDirectory: false, isLinked: true)
    settings.keepsTop = true
    let request = CopyRequest(settings, [match])
    let path = session.newPath("mount")
    try LayerForge.unpack(request, into: path, session)
    return ("\(path)/files", !match.isDirectory)
  }

  /// `nil` when it is not given, and need not be.
  func secret(_ options: BuildOptions) throws(BuildFailure) -> [UInt8]? {
    guard let given = options.secrets.last(where: { $0.id == id }) else {
      guard !step.isRequired else {
        throw BuildFailure("RUN --mount=type=secret: secret \(id) is not given: --secret id=\(id),src=FILE")
      }
      return nil
    }
    switch given.source {
    case .environment(let name):
      guard let value = getenv(name) else { throw BuildFailure("--secret id=\(id): there is no variable \(name)") }
      return Array(String(cString: value).utf8)
    case .file(let path):
      do throws(SystemError) { return try readFile(path, limit: 512 << 10) } catch {
        throw BuildFailure("--secret id=\(id): \(error)")
      }
    }
  }
}
