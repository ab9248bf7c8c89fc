/// `COPY`, not expanded.
public struct CopyStep: Sendable, Equatable {
  public var sources: [String]
  public var destination: String
  /// Files written in the Dockerfile, which are sources too; their names are file names at the destination.
  public var heredocs: [Heredoc] = []
  /// A stage by name or number, an image or a named context.
  public var from: String?
  public var owner: String?
  /// Octal, or symbolic as of chmod(1).
  public var mode: String?
  public var isLinked = false
  public var keepsParents = false
  public var excluded: [String] = []

  public init(sources: [String], destination: String) {
    (self.sources, self.destination) = (sources, destination)
  }
}

/// `ADD`: a copy whose sources may be archives, addresses and repositories as well.
public struct AddStep: Sendable, Equatable {
  /// Without `from` and `keepsParents`, which ADD has not.
  public var copy: CopyStep
  /// What an address's content must be: `sha256:…`.
  public var checksum: String?
  public var keepsGitDirectory = false
  /// Whether archives are unpacked; `nil`: local ones are, fetched ones are not.
  public var unpacks: Bool?

  public init(_ copy: CopyStep) { self.copy = copy }
}
