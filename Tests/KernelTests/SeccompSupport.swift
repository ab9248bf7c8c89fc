import OCI

@testable import Kernel

/// What the kernel hands to a filter (`struct seccomp_data`).
struct SeccompData: Sendable {
  var number: UInt32
  var architecture: UInt32
  var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]

  func word(_ offset: UInt32) -> UInt32? {
    switch offset {
    case 0: return number
    case 4: return architecture
    case 16..<64 where offset % 4 == 0:
      let argument = arguments[Int(offset - 16) / 8]
      return UInt32(truncatingIfNeeded: offset % 8 == 0 ? argument : argument >> 32)
    default: return nil
    }
  }
}

/// Runs a filter as the kernel does (net/core/filter.c), and is as strict as its checker: only what
/// seccomp_check_filter lets through, every jump inside the program, a return at the end.
struct BPFInterpreter {
  struct Fault: Error { var reason: String }

  let instructions: [BPFInstruction]

  init(_ bytes: [UInt8]) throws {
    guard bytes.count % 8 == 0, (1...4096).contains(bytes.count / 8) else { throw Fault(reason: "size \(bytes.count)") }
    instructions = stride(from: 0, to: bytes.count, by: 8).map { start in
      func little(_ at: Int, _ count: Int) -> UInt32 {
        (0..<count).reduce(0) { $0 | UInt32(bytes[start + at + $1]) << UInt32(8 * $1) }
      }
      return BPFInstruction(
        code: UInt16(little(0, 2)), jumpTrue: bytes[start + 2], jumpFalse: bytes[start + 3], k: little(4, 4))
    }
    for (index, instruction) in instructions.enumerated() {
      switch instruction.code {
      case 0x06, 0x20, 0x54: break
      case 0x05:
        guard index + 1 + Int(instruction.k) < instructions.count else { throw Fault(reason: "jump at \(index)") }
      case 0x15, 0x25, 0x35, 0x45:
        let farthest = index + 1 + Int(max(instruction.jumpTrue, instruction.jumpFalse))
        guard farthest < instructions.count else { throw Fault(reason: "jump at \(index)") }
      default: throw Fault(reason: "code \(instruction.code) at \(index)")
      }
    }
    guard instructions.last?.code == 0x06 else { throw Fault(reason: "no return at the end") }
  }

  func run(_ data: SeccompData) throws -> UInt32 {
    var accumulator: UInt32 = 0
    var index = 0
    while true {
      let instruction = instructions[index]
      index += 1
      func jump(_ condition: Bool) { index += Int(condition ? instruction.jumpTrue : instruction.jumpFalse) }
      switch instruction.code {
      case 0x06: return instruction.k
      case 0x20:
        guard let word = data.word(instruction.k) else { throw Fault(reason: "load of \(instruction.k)") }
        accumulator = word
      case 0x54: accumulator &= instruction.k
      case 0x05: index += Int(instruction.k)
      case 0x15: jump(accumulator == instruction.k)
      case 0x25: jump(accumulator > instruction.k)
      case 0x35: jump(accumulator >= instruction.k)
      default: jump(accumulator & instruction.k != 0)
      }
    }
  }
}

/// The specification's words as directly as they can be written down, from the profile itself.
struct SeccompModel {
  static let actions: [String: UInt32] = [
    "SCMP_ACT_KILL": 0, "SCMP_ACT_KILL_THREAD": 0, "SCMP_ACT_KILL_PROCESS": 0x8000_0000, "SCMP_ACT_TRAP": 0x3_0000,
    "SCMP_ACT_ERRNO": 0x5_0000, "SCMP_ACT_NOTIFY": 0x7fc0_0000, "SCMP_ACT_TRACE": 0x7ff0_0000,
    "SCMP_ACT_LOG": 0x7ffc_0000, "SCMP_ACT_ALLOW": 0x7fff_0000,
  ]
  static let tokens: [String: UInt32] = [
    "SCMP_ARCH_X86_64": 0xc000_003e, "SCMP_ARCH_X86": 0x4000_0003, "SCMP_ARCH_X32": 0x4000_003e,
    "SCMP_ARCH_AARCH64": 0xc000_00b7,
  ]

  let profile: Seccomp
  private let standard: UInt32
  private let tokens: Set<UInt32>
  private var newest: [UInt32: UInt32] = [:]
  private var numbers: [UInt32: [String: SeccompSyscalls.Numbers]] = [:]

  init(_ profile: Seccomp) {
    self.profile = profile
    standard = SeccompModel.action(profile.defaultAction, profile.defaultErrnoRet)
    tokens = Set(profile.architectures.compactMap { SeccompModel.tokens[$0] } + [0xc000_003e])
    for token in tokens {
      for name in profile.syscalls.flatMap(\.names) {
        guard let found = SeccompSyscalls.numbers(name, token) else { continue }
        numbers[token, default: [:]][name] = found
        if found.multiplexer == nil, let direct = found.direct { newest[token] = max(newest[token] ?? 0, direct) }
      }
    }
  }

  static func action(_ name: String, _ errnoRet: UInt32?) -> UInt32 {
    let action = actions[name] ?? 0
    return ["SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"].contains(name) ? action | (errnoRet ?? 1) : action
  }

  /// The answers that are right: more than one if rules with different actions match.
  func answers(_ data: SeccompData) -> Set<UInt32> {
    var token = data.architecture
    if token == 0xc000_003e, data.number >= 0x4000_0000 {
      if data.number == .max, !tokens.contains(0x4000_003e) { return [standard] }
      token = 0x4000_003e
    }
    guard tokens.contains(token) else { return [0] }
    let permissive =
      ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"].contains(profile.defaultAction) || standard == 0x5_0026
    if !permissive, let newest = newest[token], newest > 0, data.number > newest { return [0x5_0026] }
    let bits: UInt64 = token == 0xc000_003e || token == 0xc000_00b7 ? .max : 0xffff_ffff
    var matching: Set<UInt32> = []
    var always: UInt32?
    for rule in profile.syscalls {
      let action = SeccompModel.action(rule.action, rule.errnoRet)
      if action == standard { continue }
      let repeated = Set(rule.args.map(\.index)).count < rule.args.count
      for name in rule.names {
        guard let found = numbers[token]?[name] else { continue }
        for var conditions in repeated ? rule.args.map({ [$0] }) : [rule.args] {
          if found.multiplexer == data.number {
            conditions.removeAll { $0.index == 0 }
            conditions.append(Seccomp.Argument(index: 0, value: UInt64(found.function), op: "SCMP_CMP_EQ"))
          } else if found.direct != data.number {
            continue
          }
          conditions.removeAll { $0.op == "SCMP_CMP_MASKED_EQ" && $0.value & bits == 0 }
          if conditions.isEmpty, always == nil { always = action }
          if conditions.allSatisfy({ SeccompModel.holds($0, data.arguments[Int($0.index)], bits) }) {
            matching.insert(action)
          }
        }
      }
    }
    // The first rule without conditions stands above all others.
    if let always { return [always] }
    return matching.isEmpty ? [standard] : matching
  }

  private static func holds(_ argument: Seccomp.Argument, _ actual: UInt64, _ bits: UInt64) -> Bool {
    let (actual, value) = (actual & bits, argument.value & bits)
    return switch argument.op {
    case "SCMP_CMP_NE": actual != value
    case "SCMP_CMP_LT": actual < value
    case "SCMP_CMP_LE": actual <= value
    case "SCMP_CMP_EQ": actual == value
    case "SCMP_CMP_GE": actual >= value
    case "SCMP_CMP_GT": actual > value
    default: actual & value == argument.valueTwo & value
    }
  }
}

/// Random profiles that are always the same.
struct SeccompDice: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    // SplitMix64
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  static let values: [UInt64] = [
    0, 1, 2, 3, 16, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0001, 0xffff_ffff_0000_0000,
    0x7fff_ffff_ffff_ffff, .max,
  ]

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &self)]
  }

  mutating func argument(_ index: UInt32) -> Seccomp.Argument {
    Seccomp.Argument(
      index: index, value: pick(SeccompDice.values), valueTwo: pick(SeccompDice.values),
      op: pick(SeccompNames.operators))
  }

  mutating func arguments() -> [UInt64] {
    (0..<6).map { _ in pick(SeccompDice.values) &+ pick([0, 0, 0, 1, .max]) }
  }

  enum Shape: CaseIterable, Sendable {
    /// One rule for a call: all that libseccomp 2.5.4 can be compared on. With two, its program may come to the second
    /// with a word of the first still loaded, and compare the wrong half or the wrong argument.
    case single
    /// Many rules for a call, with one action.
    case many
    /// Many rules for a call with different actions.
    case mixed
  }

  /// A profile with few calls and many rules.
  mutating func profile(_ shape: Shape) -> Seccomp {
    var profile = Seccomp()
    profile.defaultAction = pick(["SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_LOG"])
    if profile.defaultAction == "SCMP_ACT_ERRNO" { profile.defaultErrnoRet = pick([nil, 1, 38, 95]) }
    profile.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"].filter { _ in pick([true, false]) }
    let names = [
      "read", "openat", "socket", "semop", "clone", "personality", "mq_open", "nosuchcall", "ioctl", "write",
    ]
    var actions: [String: String] = [:]
    for _ in 0..<Int.random(in: 0...12, using: &self) {
      var rule = Seccomp.Rule()
      rule.names = [pick(names)]
      let action = pick(["SCMP_ACT_ALLOW", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"])
      rule.action = shape == .mixed ? action : actions[rule.names[0], default: action]
      actions[rule.names[0]] = rule.action
      if rule.action == "SCMP_ACT_ERRNO", shape == .mixed { rule.errnoRet = pick([nil, 22]) }
      for _ in 0..<pick([0, 1, 1, 2, 3]) { rule.args.append(argument(pick([0, 1, 2, 5]))) }
      if shape == .single {
        guard !profile.syscalls.contains(where: { $0.names == rule.names }) else { continue }
        for (index, argument) in rule.args.enumerated().reversed()
        where rule.args[..<index].contains(where: { $0.index == argument.index }) {
          rule.args.remove(at: index)
        }
      }
      profile.syscalls.append(rule)
    }
    return profile
  }
}
