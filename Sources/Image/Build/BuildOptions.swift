public import OCI

/// What the command line says of a build.
public struct BuildOptions: Sendable {
  /// Where the files come from.
  public enum Context: Sendable, Equatable {
    case directory(String)
    /// An archive on standard input, or a Dockerfile and no files.
    case standardInput
  }

  public var context: Context
  /// `--file`; `nil` is the context's Dockerfile, `-` standard input.
  public var file: String?
  public var tags: [String] = []
  /// `--build-arg`; without a value it is the environment's, or the argument is as if it were not given.
  public var arguments: [(name: String, value: String?)] = []
  public var labels: [(key: String, value: String)] = []
  public var target: String?
  public var platform = Platform.host
  public var ignoresCache = false
  /// `--pull`: base images are looked for anew.
  public var pulls = false
  /// `--build-context NAME=WHERE`.
  public var contexts: [(name: String, place: String)] = []
  public var secrets: [BuildSecret] = []
  /// `--ssh ID=SOCKET`; the socket of the agent.
  public var agents: [String: String] = [:]
  public var network = ContainerRequest.Network.host
  /// `--add-host`: address by name.
  public var hosts: [(name: String, address: String)] = []
  /// `--allow security.insecure`.
  public var allowsInsecure = false
  public var cacheSources: [CachePlace] = []
  public var cacheTargets: [CachePlace] = []
  public var output: BuildOutput?
  /// `--check`: nothing is built.
  public var onlyChecks = false
  public var explainsCache = false
  /// `--debug-shell`: where a RUN fails, a shell with the caller's terminal.
  public var opensShell = false
  /// `--root` of the runtime that carries out RUN.
  public var stateRoot: String?

  public init(context: Context) { self.context = context }
}

/// `--secret`.
public struct BuildSecret: Sendable, Equatable {
  public enum Source: Sendable, Equatable { case file(String), environment(String) }

  public var id: String
  public var source: Source

  public init(id: String, source: Source) { (self.id, self.source) = (id, source) }
}

/// `--cache-from` and `--cache-to`.
public enum CachePlace: Sendable, Equatable {
  case directory(String)
  case registry(String)
}

/// `--output`.
public enum BuildOutput: Sendable, Equatable {
  /// All files of the image, in a directory.
  case directory(String)
  /// All files in an archive; `nil` is standard output.
  case archive(String?)
  case oci(String?)
  case docker(String?)
}
