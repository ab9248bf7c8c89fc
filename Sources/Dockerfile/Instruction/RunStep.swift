/// `RUN`.
public struct RunStep: Sendable, Equatable {
  public var command: CommandLine
  /// What is given to the shell, or, if the text of the command is nothing but `<<NAME`, the script itself.
  public var heredocs: [Heredoc] = []
  public var mounts: [RunMount] = []
  /// `default`, `none` or `host`; not expanded.
  public var network: String?
  /// `sandbox` or `insecure`.
  public var security: String?
  public var devices: [RunDevice] = []

  public init(_ command: CommandLine) { self.command = command }
}

/// `RUN --mount`: something that the command sees and that is in no layer. Values that may have variables are not
/// expanded.
public struct RunMount: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable { case bind, cache, tmpfs, secret, ssh }
  public enum Sharing: String, Sendable, CaseIterable { case shared, `private`, locked }

  public var kind: Kind
  public var id: String?
  public var target: String?
  /// A stage, an image or a named context; bind and cache.
  public var from: String?
  public var source: String?
  public var isReadOnly: Bool
  public var sharing: Sharing?
  /// Of a tmpfs, in bytes.
  public var size: Int64?
  public var isRequired = false
  /// The variable that holds a secret.
  public var environment: String?
  public var mode: UInt32?
  public var uid: UInt32?
  public var gid: UInt32?
  /// The flag's value. A number or a word that is a variable (`uid=$UID`) is in here only; see `expanded`.
  public var text = ""

  public init(_ kind: Kind) {
    self.kind = kind
    isReadOnly = kind == .bind
  }
}

/// `RUN --device`: a device of the container device interface.
public struct RunDevice: Sendable, Equatable {
  /// Such as `vendor.com/class=name`.
  public var name: String
  /// The build fails without it.
  public var isRequired: Bool

  public init(name: String, isRequired: Bool) { (self.name, self.isRequired) = (name, isRequired) }
}
