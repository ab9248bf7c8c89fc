/// One instruction of classic BPF (`struct sock_filter`).
struct BPFInstruction: Sendable, Equatable {
  var code: UInt16
  var jumpTrue: UInt8 = 0
  var jumpFalse: UInt8 = 0
  var k: UInt32

  // include/uapi/linux/bpf_common.h
  static let load: UInt16 = 0x20
  static let and: UInt16 = 0x54
  static let jumpAlways: UInt16 = 0x05
  static let jumpEqual: UInt16 = 0x15
  static let jumpGreater: UInt16 = 0x25
  static let jumpGreaterOrEqual: UInt16 = 0x35
  static let jumpBitsSet: UInt16 = 0x45
  static let returnConstant: UInt16 = 0x06

  // struct seccomp_data
  static let numberOffset: UInt32 = 0
  static let architectureOffset: UInt32 = 4
  static let argumentsOffset: UInt32 = 16
}

/// A program of classic BPF, put together from its end: all jumps go forward, so that the target of each is there
/// before the jump is, and its distance is known.
struct BPFBuilder {
  /// A place in the program: how many instructions there are from it to the end, itself included.
  typealias Label = Int

  /// From the last instruction to the first.
  private var reversed: [BPFInstruction] = []

  var count: Int { reversed.count }

  /// The whole program in its order, as the kernel reads it.
  var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: reversed.count * 8) { buffer, filled in
      for (index, instruction) in reversed.reversed().enumerated() {
        let start = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[(index * 8)...])
        start.storeBytes(of: instruction.code, as: UInt16.self)
        start.storeBytes(of: instruction.jumpTrue, toByteOffset: 2, as: UInt8.self)
        start.storeBytes(of: instruction.jumpFalse, toByteOffset: 3, as: UInt8.self)
        start.storeBytes(of: instruction.k, toByteOffset: 4, as: UInt32.self)
      }
      filled = reversed.count * 8
    }
  }

  /// Puts an instruction that is no conditional jump before the rest.
  @discardableResult mutating func prepend(_ code: UInt16, _ k: UInt32) -> Label {
    reversed.append(BPFInstruction(code: code, k: k))
    return reversed.count
  }

  mutating func prependReturn(_ action: UInt32) -> Label { prepend(BPFInstruction.returnConstant, action) }

  /// Makes what follows go to `target`, which is nothing to do if that is what comes next.
  mutating func continueAt(_ target: Label) {
    guard target != reversed.count else { return }
    // A return is as short as the jump to it. Label 0 is what follows the program.
    if target > 0, reversed[target - 1].code == BPFInstruction.returnConstant {
      reversed.append(reversed[target - 1])
    } else {
      prepend(BPFInstruction.jumpAlways, UInt32(reversed.count - target))
    }
  }

  /// Puts a conditional jump before the rest. A jump reaches 255 instructions; to what is farther it takes a step.
  @discardableResult mutating func prependJump(_ code: UInt16, _ k: UInt32, then: Label, else other: Label) -> Label {
    // The step of the second may make the way to the first longer by one.
    let thenNear = near(then, reach: 254)
    let otherNear = near(other, reach: 255)
    reversed.append(
      BPFInstruction(
        code: code, jumpTrue: UInt8(reversed.count - thenNear), jumpFalse: UInt8(reversed.count - otherNear), k: k))
    return reversed.count
  }

  private mutating func near(_ target: Label, reach: Int) -> Label {
    guard reversed.count - target > reach else { return target }
    continueAt(target)
    return reversed.count
  }
}
