/// Calls that are newer than the profile get ENOSYS instead of the default action.
///
/// A libc tries the new call first and takes ENOSYS, and only that, for "use the old one": with EPERM programs broke
/// when clone3 and faccessat2 came. runc therefore answers every number above the largest of the profile itself.
enum SeccompStub {
  /// SECCOMP_RET_ERRNO | ENOSYS
  static let noSystemCall: UInt32 = SeccompNames.errno | 38

  /// A tracer is to see all calls, and what is allowed needs no answer.
  static func isNeeded(_ profile: SeccompProfile) -> Bool {
    let action = profile.defaultAction
    return action & 0xffff_0000 != SeccompNames.trace && action != SeccompNames.allow && action != SeccompNames.log
      && action != noSystemCall
  }

  /// The prologue to put before libseccomp's program: it returns ENOSYS, or falls through to the program.
  static func program(_ profile: SeccompProfile) -> [UInt8] {
    guard isNeeded(profile) else { return [] }
    var builder = BPFBuilder()
    let unknown = builder.prependReturn(noSystemCall)
    // What comes after the prologue's last instruction.
    let filter = 0
    var next = filter
    var done: [UInt32] = []
    for token in profile.architectures.reversed() {
      let audit = token == SeccompArchitecture.x32 ? SeccompArchitecture.x86_64 : token
      guard !done.contains(audit) else { continue }
      done.append(audit)
      var newer = filter
      if let newest = newest(profile, audit) {
        newer = builder.prependJump(BPFInstruction.jumpGreater, newest, then: unknown, else: filter)
        // s390 hands unknown numbers to the filter as 0, a call that does nothing else any more.
        if audit == 0x0000_0016 || audit == 0x8000_0016 {
          newer = builder.prependJump(BPFInstruction.jumpEqual, 0, then: unknown, else: newer)
        }
      }
      if audit == SeccompArchitecture.x86_64 {
        var x32 = filter
        if profile.architectures.contains(SeccompArchitecture.x32),
          let newest = newest(profile, SeccompArchitecture.x32)
        {
          x32 = builder.prependJump(BPFInstruction.jumpGreater, newest, then: unknown, else: filter)
        }
        if !profile.architectures.contains(audit) { newer = filter }
        guard x32 != newer else { continue }
        newer = builder.prependJump(
          BPFInstruction.jumpGreaterOrEqual, SeccompArchitecture.x32Bit, then: x32, else: newer)
      }
      guard newer != filter else { continue }
      let section = builder.prepend(BPFInstruction.load, BPFInstruction.numberOffset)
      next = builder.prependJump(BPFInstruction.jumpEqual, audit, then: section, else: next)
    }
    guard next != filter else { return [] }
    builder.prepend(BPFInstruction.load, BPFInstruction.architectureOffset)
    return builder.bytes
  }

  /// The largest number among the profile's names, or `nil` if the architecture has none of them.
  static func newest(_ profile: SeccompProfile, _ token: UInt32) -> UInt32? {
    var newest: Int32 = 0
    for name in profile.names {
      if let number = SeccompSyscalls.resolve(name, token), number > newest { newest = number }
    }
    return newest > 0 ? UInt32(newest) : nil
  }
}
