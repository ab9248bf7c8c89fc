public import OCI

/// What a container may do with device nodes: a default, and the exceptions from it.
///
/// The specification's rules are applied in order, each on what the ones before left. cgroup v1 and the program for v2 are
/// both made from the result, so that they agree. As in the v1 kernel a rule cannot take a part out of an exception that
/// is wider than itself; the kernel then silently does nothing, this refuses.
public struct DeviceRules: Sendable, Equatable {
  /// Reading, writing and mknod, with the numbers of `BPF_DEVCG_ACC_*`.
  public struct Access: OptionSet, Sendable, Hashable {
    /// As the kernel's eBPF programs see it.
    public let rawValue: UInt8
    /// Access by the kernel's bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Making a device node.
    public static let mknod = Access(rawValue: 1)
    /// Opening it for reading.
    public static let read = Access(rawValue: 2)
    /// Opening it for writing.
    public static let write = Access(rawValue: 4)
    /// `rwm`.
    public static let all: Access = [.mknod, .read, .write]

    /// As `devices.allow` wants it: some of `rwm`.
    public var text: String {
      (contains(.read) ? "r" : "") + (contains(.write) ? "w" : "") + (contains(.mknod) ? "m" : "")
    }
  }

  /// Devices of one type, by number; `nil` is every number.
  public struct Exception: Sendable, Equatable {
    /// A block device, else a character device.
    public var isBlock: Bool
    /// The driver's number.
    public var major: UInt32?
    /// The device's number.
    public var minor: UInt32?
    /// What the exception is about; other access is left to the default.
    public var access: Access

    /// An exception; whether it allows or denies depends on the default.
    public init(isBlock: Bool, major: UInt32?, minor: UInt32?, access: Access) {
      self.isBlock = isBlock
      self.major = major
      self.minor = minor
      self.access = access
    }

    /// One line of cgroup v1's `devices.allow`, `devices.deny` and `devices.list`.
    public var text: String {
      func number(_ value: UInt32?) -> String { value.map { "\($0)" } ?? "*" }
      return "\(isBlock ? "b" : "c") \(number(major)):\(number(minor)) \(access.text)"
    }

    func sameDevices(as other: Exception) -> Bool {
      isBlock == other.isBlock && major == other.major && minor == other.minor
    }

    func covers(_ other: Exception) -> Bool {
      isBlock == other.isBlock && (major == nil || major == other.major) && (minor == nil || minor == other.minor)
    }

    func overlaps(_ other: Exception) -> Bool {
      isBlock == other.isBlock && (major == nil || other.major == nil || major == other.major)
        && (minor == nil || other.minor == nil || minor == other.minor)
    }
  }

  /// What happens to a device without an exception.
  public private(set) var allowsByDefault = false
  /// Allowed if the default is to deny, denied if it is to allow. No two are about the same devices.
  public private(set) var exceptions: [Exception] = []

  /// Denies everything.
  public init() {}

  /// The outcome of rules in their order, beginning with everything denied.
  /// - Throws: a refusal that names the rule, `linux.resources.devices[3]`.
  public init(_ rules: [Resources.DeviceRule]) throws(SystemError) {
    // Each exception is a write(2) on v1 and some instructions on v2.
    guard rules.count <= 4096 else { throw SystemError.refusal("linux.resources.devices: more than 4096 rules") }
    for (index, rule) in rules.enumerated() {
      let name = "linux.resources.devices[\(index)]"
      let access = try Self.access(rule.access, name)
      let major = try Self.number(rule.major, name)
      let minor = try Self.number(rule.minor, name)
      switch rule.type {
      case "a", "":
        if major == nil && minor == nil && access == .all {
          allowsByDefault = rule.allow
          exceptions = []
        } else {
          // runc and the v1 kernel take "a 10:* r" for "everything": wider than what was asked for.
          for isBlock in [false, true] {
            try apply(Exception(isBlock: isBlock, major: major, minor: minor, access: access), rule.allow, name)
          }
        }
      case "b", "c":
        try apply(Exception(isBlock: rule.type == "b", major: major, minor: minor, access: access), rule.allow, name)
      default: throw SystemError.refusal("\(name): invalid cgroup device type \"\(rule.type)\"")
      }
    }
  }

  private mutating func apply(_ change: Exception, _ allow: Bool, _ name: String) throws(SystemError) {
    if allow != allowsByDefault { return add(change) }
    for old in exceptions where old.overlaps(change) && !change.covers(old) {
      if old.access.isDisjoint(with: change.access) { continue }
      throw SystemError.refusal(
        "\(name): \(allow ? "allow" : "deny") \(change.text): cannot punch hole in existing wildcard rule \(old.text)")
    }
    for index in exceptions.indices where change.covers(exceptions[index]) {
      exceptions[index].access.subtract(change.access)
    }
    exceptions.removeAll { $0.access.isEmpty }
  }

  mutating func add(_ exception: Exception) {
    if let index = exceptions.firstIndex(where: { $0.sameDevices(as: exception) }) {
      exceptions[index].access.formUnion(exception.access)
    } else {
      exceptions.append(exception)
    }
  }

  mutating func allowEverything() {
    allowsByDefault = true
    exceptions = []
  }

  private static func access(_ text: String, _ name: String) throws(SystemError) -> Access {
    var access: Access = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "r"): access.insert(.read)
      case UInt8(ascii: "w"): access.insert(.write)
      case UInt8(ascii: "m"): access.insert(.mknod)
      default: throw SystemError.refusal("\(name): invalid device access \"\(text)\": only r, w and m are known")
      }
    }
    if access.isEmpty { throw SystemError.refusal("\(name): device access cannot be empty") }
    return access
  }

  private static func number(_ value: Int64?, _ name: String) throws(SystemError) -> UInt32? {
    guard let value, value != -1 else { return nil }
    guard let number = UInt32(exactly: value) else {
      throw SystemError.refusal("\(name): invalid device number \(value)")
    }
    return number
  }
}
