internal import CCap
public import OCI

/// A set of capabilities (capabilities(7)), bit n for capability number n, as capset(2) has them.
public struct CapabilitySet: OptionSet, Sendable, Hashable {
  /// Bit n is capability n.
  public let rawValue: UInt64

  /// The set with these bits.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The set of one capability; empty for a number outside 0...63.
  public init(number: Int) { self.rawValue = 0...63 ~= number ? 1 << UInt64(number) : 0 }

  /// The set of the named capabilities (`CAP_CHOWN`), and the names that nobody knows, each once, in order.
  public static func parse(_ names: [String]) -> (set: CapabilitySet, unknown: [String]) {
    var set: CapabilitySet = []
    var unknown: [String] = []
    for name in names {
      if let number = number(of: name) {
        set.formUnion(CapabilitySet(number: number))
      } else if !unknown.contains(name) {
        unknown.append(name)
      }
    }
    return (set, unknown)
  }

  /// The number of a capability by its exact name in capital letters, or `nil`.
  public static func number(of name: String) -> Int? {
    // libcap would also take "40", "cap_chown" and "CAP_CHOWN,more": the specification's names are stricter.
    let exact = name.utf8.allSatisfy { byte in
      UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        || byte == UInt8(ascii: "_")
    }
    guard exact, name.utf8.starts(with: "CAP_".utf8) else { return nil }
    var number: cap_value_t = 0
    guard cap_from_name(name, &number) == 0, 0...63 ~= number else { return nil }
    return Int(number)
  }

  /// The name of a capability, or `nil` for a number that libcap has no name for.
  public static func name(of number: Int) -> String? {
    guard 0...63 ~= number, let text = cap_to_name(cap_value_t(number)) else { return nil }
    defer { cap_free(text) }
    // A number without a name comes back as its digits.
    let name = String(cString: text)
    return name.utf8.starts(with: "cap_".utf8) ? name.uppercased() : nil
  }

  /// All capabilities that the running kernel has (/proc/sys/kernel/cap_last_cap and below).
  public static var supported: CapabilitySet {
    let count = UInt64(cap_max_bits())
    return CapabilitySet(rawValue: count >= 64 ? .max : (1 << count) - 1)
  }

  /// The names of all capabilities that have one, in the order of their numbers.
  public static var knownNames: [String] { (0...63).compactMap(name(of:)) }

  /// The numbers in the set, ascending.
  public var numbers: [Int] { (0...63).filter { rawValue & (1 << UInt64($0)) != 0 } }

  /// The names in the set, in the order of their numbers; a number without a name is `CAP_<number>`.
  public var names: [String] { numbers.map { CapabilitySet.name(of: $0) ?? "CAP_\($0)" } }
}

/// The five sets of a process as the kernel is told them, made from the specification's names.
public struct ProcessCapabilities: Sendable, Equatable {
  /// What execve(2) may still give.
  public var bounding: CapabilitySet
  /// What the kernel checks.
  public var effective: CapabilitySet
  /// What a program file may pass on.
  public var inheritable: CapabilitySet
  /// What the process may make effective.
  public var permitted: CapabilitySet
  /// What execve(2) keeps for a program without file capabilities.
  public var ambient: CapabilitySet

  /// Sets that are already numbers.
  public init(
    bounding: CapabilitySet = [], effective: CapabilitySet = [], inheritable: CapabilitySet = [],
    permitted: CapabilitySet = [], ambient: CapabilitySet = []
  ) {
    self.bounding = bounding
    self.effective = effective
    self.inheritable = inheritable
    self.permitted = permitted
    self.ambient = ambient
  }

  /// The sets of `process.capabilities`, and a warning for everything that was left out.
  ///
  /// An absent `process.capabilities` has no `ProcessCapabilities`: the process then keeps what it has, as with runc,
  /// which is everything for root and, through execve(2), nothing for the rest. Names that the library or the kernel
  /// does not know are dropped, and so are ambient capabilities that the kernel would refuse to raise because they are
  /// not both permitted and inheritable.
  /// - Throws: `EPERM` if a capability is effective but not permitted: capset(2) would refuse the whole set.
  public static func make(
    _ names: OCI.Capabilities, supported: CapabilitySet = .supported
  ) throws(SystemError) -> (capabilities: ProcessCapabilities, warnings: [String]) {
    var ignored: [String] = []
    func numbers(_ names: [String]) -> CapabilitySet {
      let (set, unknown) = CapabilitySet.parse(names)
      for name in unknown + set.subtracting(supported).names where !ignored.contains(name) { ignored.append(name) }
      return set.intersection(supported)
    }
    var made = ProcessCapabilities(
      bounding: numbers(names.bounding), effective: numbers(names.effective), inheritable: numbers(names.inheritable),
      permitted: numbers(names.permitted), ambient: numbers(names.ambient))
    let excess = made.effective.subtracting(made.permitted)
    guard excess.isEmpty else {
      let subject = "(effective but not permitted: \(excess.names.joined(separator: ", ")))"
      throw SystemError("apply capabilities", subject, errno: .notPermitted)
    }
    var warnings: [String] = []
    if !ignored.isEmpty {
      warnings.append("ignoring unknown or unavailable capabilities: \(ignored.sorted().joined(separator: ", "))")
    }
    for name in made.ambient.subtracting(made.permitted.intersection(made.inheritable)).names {
      warnings.append("can't raise ambient capability \(name): it is not both permitted and inheritable")
    }
    made.ambient.formIntersection(made.permitted.intersection(made.inheritable))
    return (made, warnings)
  }
}

extension CapabilitySet {
  /// What this process, and whatever it starts, can have at most (`PR_CAPBSET_READ`).
  public static var bounding: CapabilitySet {
    CapabilitySet(rawValue: supported.numbers.reduce(0) { cap_get_bound(cap_value_t($1)) == 1 ? $0 | 1 << $1 : $0 })
  }
}
