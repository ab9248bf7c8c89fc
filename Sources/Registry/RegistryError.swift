/// The error of the module Registry: one line that names the step, the image or the host, the reason, and what helps.
public struct RegistryError: Error, Sendable, CustomStringConvertible {
  public let description: String
  /// The HTTP status that the registry answered, if it was one: 401, 404, 429.
  public let status: Int?

  public init(_ description: String, status: Int? = nil) {
    self.description = description
    self.status = status
  }

  /// - Parameter subject: such as `get manifest of localhost:5000/a:1`.
  init(_ subject: String, _ failure: Failure) {
    self.init("\(subject): \(failure.reason)" + (failure.hint.map { " (\($0))" } ?? ""), status: failure.status)
  }
}
