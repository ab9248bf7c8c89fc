/// A Dockerfile, read: its stages in order, nothing expanded.
public struct Dockerfile: Sendable, Equatable {
  /// Of the parser directives `syntax`, `escape` and `check`.
  public var directives = Directives()
  /// `ARG` before the first `FROM`: what the FROM lines may use, and what a stage sees once it declares them again.
  public var globalArguments: [Instruction] = []
  public var stages: [Stage] = []
  /// The blank lines in the middle of instructions, the first one of each.
  public var emptyContinuations: [Int] = []

  public init() {}
}

/// The comments at the top that say how the rest is to be read (Dockerfile reference, "Parser directives").
public struct Directives: Sendable, Equatable {
  public var syntax: String?
  public var escape: Character = "\\"
  /// The checks that `check=skip=…` leaves out; `all` is every one.
  public var skippedChecks: [String] = []
  /// The checks of `check=experimental=…`, which are left out otherwise.
  public var experimentalChecks: [String] = []
  /// `check=error=true`: a warning fails the build.
  public var checksAreErrors = false

  public init() {}
}

/// `FROM` and what follows it.
public struct Stage: Sendable, Equatable {
  /// An image, an earlier stage, `scratch`, or a named context; not expanded.
  public var base: String
  /// `--platform`, not expanded.
  public var platform: String?
  /// `AS`, in lower case.
  public var name: String?
  public var instructions: [Instruction] = []
  public var place: SourceRange
  /// The instruction as it is written, continued lines joined.
  public var text: String
  /// The comments right above it, without the `#`.
  public var comments: [String] = []

  public init(base: String, platform: String?, name: String?, place: SourceRange, text: String) {
    (self.base, self.platform, self.name, self.place, self.text) = (base, platform, name, place, text)
  }
}

/// Lines of a Dockerfile, counted from 1, both included.
public struct SourceRange: Sendable, Equatable {
  public var first: Int
  public var last: Int

  public init(_ first: Int, _ last: Int) { (self.first, self.last) = (first, last) }
}
