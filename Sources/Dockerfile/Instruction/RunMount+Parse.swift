internal import OCI

extension RunMount {
  /// The mount with its variables replaced.
  ///
  /// - Parameter expand: what a value becomes.
  public func expanded(
    _ expand: (String) throws(DockerfileError) -> String
  ) throws(DockerfileError) -> RunMount {
    try RunMount(parsing: text, expand)
  }

  /// - Parameters:
  ///   - text: such as `type=cache,target=/root/.cache`; without a type it is a bind.
  ///   - expand: nil from it leaves variables in texts, and leaves out what is no text and has one.
  init(
    parsing text: String, _ expand: (String) throws(DockerfileError) -> String?
  ) throws(DockerfileError) {
    var options = MountOptions()
    for field in try CommaList.fields(text) {
      let parts = field.cut(at: "=")
      let name = (parts?.before ?? field).lowercased()
      guard var value = parts?.after else {
        try options.set(name, nil)
        continue
      }
      if name == "from" {
        guard !value.unicodeScalars.dropLast().contains("$") else {
          throw DockerfileError(
            "from takes no variables: name a stage with FROM that uses the variable, and mount from that", line: 0)
        }
      } else if let expanded = try expand(value) {
        value = expanded
      } else if value.unicodeScalars.contains("$"), !MountOptions.texts.contains(name), MountOptions.has(name) {
        options.isComplete = false
        continue
      }
      try options.set(name, value)
    }
    self = try options.mount()
    self.text = text
  }
}

/// The options of a mount while they are read.
private struct MountOptions {
  static let texts: Set = ["from", "source", "src", "target", "dst", "destination", "id", "env"]
  static let others = [
    "type", "readonly", "ro", "readwrite", "rw", "required", "size", "sharing", "mode", "uid", "gid",
  ]

  static func has(_ name: String) -> Bool { texts.contains(name) || others.contains(name) }

  private var kind = RunMount.Kind.bind
  private var draft = RunMount(.bind)
  private var isReadOnly: Bool?
  private var isRequired: Bool?
  /// Nothing waits for the value of a variable.
  var isComplete = true

  mutating func set(_ name: String, _ value: String?) throws(DockerfileError) {
    guard Self.has(name) else {
      let near = nearest(to: name, among: Self.texts.sorted() + Self.others).map { "; did you mean \($0)?" } ?? ""
      throw DockerfileError("--mount has no option \(name.quotedForMessage())\(near)", line: 0)
    }
    switch name {
    case "readonly", "ro": isReadOnly = try truth(name, value)
    case "readwrite", "rw": isReadOnly = try !truth(name, value)
    case "required": isRequired = try truth(name, value)
    default:
      guard let value else { throw DockerfileError("--mount: expected \(name)=VALUE", line: 0) }
      try set(name, text: value)
    }
  }

  private mutating func set(_ name: String, text: String) throws(DockerfileError) {
    switch name {
    case "from": draft.from = text.isEmpty ? nil : text
    case "source", "src": draft.source = text
    case "target", "dst", "destination": draft.target = text
    case "id": draft.id = text
    case "env": draft.environment = text
    case "type": kind = try choice(name, text)
    case "sharing": draft.sharing = try choice(name, text)
    case "size":
      guard let size = ByteSize.parse(text), size >= 0 else { throw wrong(name, text, "a size such as 64m") }
      draft.size = size
    case "mode": draft.mode = try number(name, text, radix: 8)
    case "uid": draft.uid = try number(name, text, radix: 10)
    default: draft.gid = try number(name, text, radix: 10)
    }
  }

  /// Checks what goes with what, and gives the mount.
  func mount() throws(DockerfileError) -> RunMount {
    var mount = draft
    mount.kind = kind
    mount.isReadOnly = isReadOnly ?? (kind != .cache && kind != .tmpfs)
    mount.isRequired = isRequired ?? false
    guard isComplete else { return mount }
    func check(_ isThere: Bool, _ name: String, _ kinds: [RunMount.Kind]) throws(DockerfileError) {
      guard isThere, !kinds.contains(kind) else { return }
      let all = kinds.map(\.rawValue).joined(separator: ", ")
      throw DockerfileError("--mount: \(name) does not go with type=\(kind), only with \(all)", line: 0)
    }
    try check(isRequired != nil, "required", [.secret, .ssh])
    try check(mount.size != nil, "size", [.tmpfs])
    try check(mount.sharing != nil, "sharing", [.cache])
    try check(mount.mode != nil, "mode", [.secret, .ssh, .cache])
    try check(mount.uid != nil, "uid", [.secret, .ssh, .cache])
    try check(mount.gid != nil, "gid", [.secret, .ssh, .cache])
    if kind == .secret {
      let (hasID, hasSource) = (mount.id?.isEmpty == false, mount.source?.isEmpty == false)
      try check(mount.from != nil, "from", [.bind, .cache])
      guard hasID || hasSource || mount.target?.isEmpty == false else {
        throw DockerfileError("--mount: a secret needs an id or a target", line: 0)
      }
      guard !hasID || !hasSource else {
        throw DockerfileError("--mount: id and source are the same, give one", line: 0)
      }
    }
    return mount
  }

  private func truth(_ name: String, _ value: String?) throws(DockerfileError) -> Bool {
    guard let value else { return true }
    guard let truth = Bool(goText: value) else { throw wrong(name, value, "true or false") }
    return truth
  }

  private func number(_ name: String, _ text: String, radix: Int) throws(DockerfileError) -> UInt32 {
    guard text.utf8.first != UInt8(ascii: "+"), let number = UInt32(text, radix: radix) else {
      throw wrong(name, text, radix == 8 ? "an octal number" : "a number")
    }
    return number
  }

  private func choice<Value: RawRepresentable & CaseIterable>(
    _ name: String, _ text: String
  ) throws(DockerfileError) -> Value where Value.RawValue == String {
    if let value = Value(rawValue: text.lowercased()) { return value }
    let all = Value.allCases.map(\.rawValue)
    let near = nearest(to: text, among: all).map { "; did you mean \($0)?" } ?? ""
    throw DockerfileError(
      "--mount: \(name): expected \(all.joined(separator: ", ")), found \(text.quotedForMessage())\(near)", line: 0)
  }

  private func wrong(_ name: String, _ text: String, _ expected: String) -> DockerfileError {
    DockerfileError("--mount: \(name): expected \(expected), found \(text.quotedForMessage())", line: 0)
  }
}
