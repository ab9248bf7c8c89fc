internal import CSeccomp
internal import Glibc

/// What the filter must know about an architecture to be generated here; all the others are left to libseccomp.
struct SeccompArchitecture: Sendable, Equatable {
  /// libseccomp's token.
  var token: UInt32
  /// The kernel's, which x32 shares with x86-64.
  var audit: UInt32
  /// 64 bits; 32-bit programs have no upper halves to compare.
  var wide: Bool

  static let x86: UInt32 = 0x4000_0003
  static let x86_64: UInt32 = 0xc000_003e
  static let x32: UInt32 = 0x4000_003e
  /// Numbers from here on are x32's (`__X32_SYSCALL_BIT`).
  static let x32Bit: UInt32 = 0x4000_0000

  init?(token: UInt32) {
    self.token = token
    audit = token == SeccompArchitecture.x32 ? SeccompArchitecture.x86_64 : token
    switch token {
    case SeccompArchitecture.x86_64, 0xc000_00b7, 0xc000_00f3: wide = true
    // libseccomp compares 32 bits in x32, too.
    case SeccompArchitecture.x86, SeccompArchitecture.x32, 0x4000_0028: wide = false
    default: return nil
    }
  }
}

/// Numbers of system calls by their name, from libseccomp's tables.
enum SeccompSyscalls {
  /// How a call is made on one architecture.
  struct Numbers: Equatable {
    var direct: UInt32?
    /// socketcall(2) or ipc(2) with a function's number as first argument (32-bit x86).
    var multiplexer: UInt32?
    var function: UInt32 = 0
  }

  /// What libseccomp says of a name that no architecture has.
  static let unknown: Int32 = __NR_SCMP_ERROR

  /// The numbers of all names, architecture by architecture.
  static func resolve(_ names: [String], _ tokens: [UInt32]) -> [[Int32]] {
    var numbers = tokens.map { _ in [Int32](repeating: unknown, count: names.count) }
    for (index, name) in names.enumerated() {
      name.withCString { text in
        for token in tokens.indices { numbers[token][index] = seccomp_syscall_resolve_name_arch(tokens[token], text) }
      }
    }
    return numbers
  }

  /// `nil` if libseccomp has never heard of the name; negative if another architecture has it.
  static func resolve(_ name: String, _ token: UInt32) -> Int32? {
    let number = seccomp_syscall_resolve_name_arch(token, name)
    return number == unknown ? nil : number
  }

  /// The name behind a number.
  static func name(_ number: UInt32, _ token: UInt32) -> String? {
    guard let text = seccomp_syscall_resolve_num_arch(token, Int32(truncatingIfNeeded: number)) else { return nil }
    defer { free(text) }
    return String(cString: text)
  }

  static func numbers(_ name: String, _ token: UInt32) -> Numbers? {
    numbers(seccomp_syscall_resolve_name_arch(token, name), token)
  }

  /// How the call is made that libseccomp has given the number; `nil` if the architecture does not have it.
  static func numbers(_ number: Int32, _ token: UInt32) -> Numbers? {
    if number >= 0 { return Numbers(direct: UInt32(number)) }
    guard token == SeccompArchitecture.x86 else { return nil }
    // libseccomp's pseudo numbers: what is behind them is two calls (src/syscalls.c, abi_rule_add).
    switch number {
    case -120 ... -101:
      return Numbers(direct: direct[number], multiplexer: 102, function: UInt32(-number - 100))
    case -224 ... -201:
      return Numbers(direct: direct[number], multiplexer: 117, function: UInt32(-number - 200))
    default: return nil
    }
  }

  /// 32-bit x86 has these calls of their own since Linux 4.3 (sockets) and 5.1 (System V ipc); some never got one.
  private static let direct: [Int32: UInt32] = [
    -101: 359, -102: 361, -103: 362, -104: 363, -106: 367, -107: 368, -108: 360, -111: 369, -112: 371, -113: 373,
    -114: 366, -115: 365, -116: 370, -117: 372, -118: 364, -119: 337, -120: 345, -202: 393, -203: 394, -211: 400,
    -212: 401, -213: 399, -214: 402, -221: 397, -222: 398, -223: 395, -224: 396,
  ]
}

/// All rules of one system call on one architecture.
struct SeccompCall {
  /// Conditions that must all hold for the action.
  struct Alternative: Equatable {
    var conditions: [SeccompProfile.Condition]
    var action: UInt32
  }

  /// The first rule without conditions: it stands above those with, also above those before it, as in libseccomp.
  var always: UInt32?
  var alternatives: [Alternative] = []

  /// - Parameter function: what a multiplexer's first argument must be; libseccomp drops what the rule says about it.
  mutating func add(_ conditions: [SeccompProfile.Condition], _ action: UInt32, function: UInt32?, wide: Bool) {
    guard always == nil else { return }
    let halves: UInt64 = wide ? .max : 0xffff_ffff
    var needed = conditions.filter { $0.comparison != .maskedEqual || $0.mask & halves != 0 }
    if let function {
      needed.removeAll { $0.index == 0 }
      needed.append(
        SeccompProfile.Condition(index: 0, comparison: .equal, mask: .max, value: UInt64(function)))
    }
    if needed.isEmpty {
      always = action
    } else {
      let alternative = Alternative(conditions: needed, action: action)
      if !alternatives.contains(alternative) { alternatives.append(alternative) }
    }
  }

  /// Whether the order of the alternatives has no effect: all have the same action, or no call can match two that
  /// have different ones. libseccomp decides the rest by the shape of its tree, which is not documented.
  func isUnambiguous(wide: Bool) -> Bool {
    guard always == nil else { return true }
    for (index, first) in alternatives.enumerated() {
      for second in alternatives[..<index] where second.action != first.action {
        let apart = first.conditions.contains { one in
          second.conditions.contains { SeccompCall.excludes(one, $0, wide: wide) }
        }
        if !apart { return false }
      }
    }
    return true
  }

  /// Whether it can be told that no value satisfies both.
  static func excludes(_ one: SeccompProfile.Condition, _ other: SeccompProfile.Condition, wide: Bool) -> Bool {
    guard one.index == other.index else { return false }
    let bits: UInt64 = wide ? .max : 0xffff_ffff
    let (a, b) = (one.value & bits, other.value & bits)
    switch (one.comparison, other.comparison) {
    case (.notEqual, .equal), (.equal, .notEqual): return a == b
    case (.equal, .maskedEqual), (.maskedEqual, .equal), (.maskedEqual, .maskedEqual):
      return (a ^ b) & one.mask & other.mask & bits != 0
    case (.notEqual, _), (_, .notEqual), (.maskedEqual, _), (_, .maskedEqual): return false
    default:
      guard let first = range(one.comparison, a), let second = range(other.comparison, b) else { return true }
      return !first.overlaps(second)
    }
  }

  /// The values that satisfy a comparison, `nil` if there are none.
  private static func range(_ comparison: SeccompComparison, _ value: UInt64) -> ClosedRange<UInt64>? {
    switch comparison {
    case .less: value == 0 ? nil : 0...(value - 1)
    case .lessOrEqual: 0...value
    case .greater: value == .max ? nil : (value + 1)...UInt64.max
    case .greaterOrEqual: value...UInt64.max
    default: value...value
    }
  }
}
