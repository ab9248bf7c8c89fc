/// Why a Dockerfile cannot be built, and where.
public struct DockerfileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong and what was expected.
  public var reason: String
  /// From 1; 0 when it is about the file as a whole.
  public var line: Int
  /// From 1, in characters.
  public var column: Int?
  /// The line itself.
  public var excerpt: String?

  public init(_ reason: String, line: Int, column: Int? = nil, excerpt: String? = nil) {
    (self.reason, self.line, self.column, self.excerpt) = (reason, line, column, excerpt)
  }

  public var description: String { reason }
}
