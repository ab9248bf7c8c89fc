internal import OCI

/// What a registry wants to see of a user. It never shows itself in messages or logs.
public enum Secret: Sendable, Equatable {
  case password(user: String, password: String)
  /// What docker's login got for a password: good for tokens only.
  case identityToken(String)
  /// A token as it is, for the registry itself.
  case registryToken(String)
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String {
    switch self {
    case .password(let user, _): "password of \(user.quotedForMessage())"
    case .identityToken: "identity token"
    case .registryToken: "registry token"
    }
  }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
