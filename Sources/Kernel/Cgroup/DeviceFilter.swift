/// Turns device rules into an eBPF program of type CGROUP_DEVICE, cgroup v2's device controller.
///
/// The kernel calls it with a `struct bpf_cgroup_dev_ctx` for each access to a device, and takes 1 for yes and 0 for no.
/// Registers: r2 the device's type, r3 the wanted access, r4 and r5 its numbers; r1 is free once these are loaded.
public enum DeviceFilter {
  /// The program's instructions, `struct bpf_insn` in the byte order of little-endian machines.
  public static func program(for rules: DeviceRules) -> [UInt64] {
    var code: [UInt64] = [
      instruction(loadWord, to: 2, from: 1, offset: 0),
      instruction(moveRegister32, to: 3, from: 2),
      instruction(and32, to: 2, value: 0xffff),
      instruction(shiftRight32, to: 3, value: 16),
      instruction(loadWord, to: 4, from: 1, offset: 4),
      instruction(loadWord, to: 5, from: 1, offset: 8),
    ]
    code.reserveCapacity(8 + rules.exceptions.count * 9)
    // All exceptions have the same verdict, so their order is free. See `append` for this one.
    let descending = rules.exceptions.sorted {
      ($0.major ?? 0, $0.minor ?? 0) > ($1.major ?? 0, $1.minor ?? 0)
    }
    for exception in descending {
      append(exception, verdict: rules.allowsByDefault ? 0 : 1, to: &code)
    }
    code += verdict(rules.allowsByDefault ? 1 : 0)
    return code
  }

  /// Appends a block that decides about the exception's devices and lets all others pass to the next.
  ///
  /// The verifier follows the branch that does not jump first, and later skips what it has already seen with wider values. So
  /// the first test does not jump for other devices: they are followed through the whole program once, instead of once for
  /// each block (128 rules took 150 ms, 512 were refused). Larger numbers go first for the same reason: a test for the least
  /// possible number narrows what is known.
  private static func append(_ exception: DeviceRules.Exception, verdict value: Int32, to code: inout [UInt64]) {
    var block: [UInt64] = []
    // Jumps to the end of this block; the distance is filled in when that is known.
    var jumps: [Int] = []
    func test(_ register: UInt8, _ number: UInt32) {
      let isFirst = jumps.isEmpty
      if let small = Int32(exactly: number) {
        let code = isFirst ? jumpEqual : jumpUnequal
        block.append(instruction(code, to: register, offset: isFirst ? 1 : 0, value: small))
      } else {
        // Immediate values are sign-extended: a large number would never be equal.
        block.append(instruction(moveValue32, to: 1, value: Int32(bitPattern: number)))
        let code = isFirst ? jumpEqualRegister : jumpUnequalRegister
        block.append(instruction(code, to: register, from: 1, offset: isFirst ? 1 : 0))
      }
      if isFirst { block.append(instruction(jumpAlways, to: 0)) }
      jumps.append(block.count - 1)
    }
    if let major = exception.major { test(4, major) }
    if let minor = exception.minor { test(5, minor) }
    test(2, exception.isBlock ? 1 : 2)
    if exception.access != .all {
      let bits = Int32(exception.access.rawValue)
      if value == 1 {
        // Allowed if nothing else is wanted.
        jumps.append(block.count)
        block.append(instruction(jumpIfAny, to: 3, value: 7 & ~bits))
      } else {
        // Denied if any part of what is wanted is denied: "rw" must not get past a rule that denies "w".
        block.append(instruction(jumpIfAny, to: 3, offset: 1, value: bits))
        jumps.append(block.count)
        block.append(instruction(jumpAlways, to: 0))
      }
    }
    block += verdict(value)
    for jump in jumps { block[jump] |= UInt64(UInt16(block.count - jump - 1)) << 16 }
    code += block
  }

  private static func verdict(_ value: Int32) -> [UInt64] {
    [instruction(moveValue, to: 0, value: value), instruction(exit, to: 0)]
  }

  private static func instruction(
    _ code: UInt8, to destination: UInt8, from source: UInt8 = 0, offset: Int16 = 0, value: Int32 = 0
  ) -> UInt64 {
    UInt64(code) | UInt64(source << 4 | destination) << 8 | UInt64(UInt16(bitPattern: offset)) << 16
      | UInt64(UInt32(bitPattern: value)) << 32
  }

  // Kernel documentation, "BPF Instruction Set Architecture": class | size or source | operation.
  static let loadWord: UInt8 = 0x61
  static let and32: UInt8 = 0x54
  static let shiftRight32: UInt8 = 0x74
  static let moveRegister32: UInt8 = 0xbc
  static let moveValue32: UInt8 = 0xb4
  static let moveValue: UInt8 = 0xb7
  static let jumpEqual: UInt8 = 0x15
  static let jumpUnequal: UInt8 = 0x55
  static let jumpEqualRegister: UInt8 = 0x1d
  static let jumpUnequalRegister: UInt8 = 0x5d
  static let jumpIfAny: UInt8 = 0x45
  static let jumpAlways: UInt8 = 0x05
  static let exit: UInt8 = 0x95
}
