/// Makes the filter's program: a binary search over the numbers of the calls, neighbours with the same answer being
/// one range, and comparisons of arguments at the leaves.
///
/// libseccomp needs 9 to 25 ms for an engine's default profile and its program takes three times as long to load;
/// this needs a fraction of a millisecond. Its programs give the same answers, which the tests prove against
/// libseccomp's and a model. What is not certain to be the same is refused (`nil`) and left to libseccomp.
struct SeccompGenerator {
  /// The answer for a range of numbers.
  private enum Answer: Equatable {
    case action(UInt32)
    case arguments(call: Int)
  }

  /// Numbers from `start` to the next range's.
  private struct Range {
    var start: UInt32
    var answer: Answer
  }

  private var builder = BPFBuilder()
  private var calls: [(call: SeccompCall, wide: Bool)] = []
  private let profile: SeccompProfile
  /// What a call that is newer than the profile gets, if that is not the default.
  private let unknownCall: UInt32?
  /// libseccomp's number of each name on each of the profile's architectures, the native one first.
  private let numbers: [[Int32]]

  private init(_ profile: SeccompProfile) {
    self.profile = profile
    numbers = SeccompSyscalls.resolve(profile.names, profile.architectures)
    unknownCall = SeccompStub.isNeeded(profile) ? SeccompStub.noSystemCall : nil
  }

  /// The program, or `nil` if libseccomp has to do it.
  static func program(_ profile: SeccompProfile) throws(SeccompError) -> [UInt8]? {
    var architectures: [SeccompArchitecture] = []
    for token in profile.architectures {
      guard let architecture = SeccompArchitecture(token: token) else { return nil }
      architectures.append(architecture)
    }
    var generator = SeccompGenerator(profile)
    // Calls of an architecture that is not in the profile: libseccomp's SCMP_FLTATR_ACT_BADARCH.
    var next = generator.builder.prependReturn(SeccompNames.killThread)
    var done: [UInt32] = []
    for architecture in architectures.reversed() where !done.contains(architecture.audit) {
      done.append(architecture.audit)
      let shared = architectures.filter { $0.audit == architecture.audit }
      guard let ranges = generator.ranges(shared) else { return nil }
      var shortcuts: [UInt32: BPFBuilder.Label] = [:]
      generator.search(ranges[...], &shortcuts)
      let section = generator.builder.prepend(BPFInstruction.load, BPFInstruction.numberOffset)
      next = generator.builder.prependJump(
        BPFInstruction.jumpEqual, architecture.audit, then: section, else: next)
    }
    generator.builder.prepend(BPFInstruction.load, BPFInstruction.architectureOffset)
    // BPF_MAXINSNS
    guard generator.builder.count <= 4096 else {
      throw SeccompError("syscalls", "the filter takes \(generator.builder.count) instructions, the kernel 4096")
    }
    return generator.builder.bytes
  }

  /// The ranges of one `AUDIT_ARCH_*`, ascending, from 0 to the end.
  private mutating func ranges(_ architectures: [SeccompArchitecture]) -> [Range]? {
    var ranges: [Range] = []
    let hasX32 = architectures.contains { $0.token == SeccompArchitecture.x32 }
    let isX86 = architectures.contains { $0.audit == SeccompArchitecture.x86_64 }
    for architecture in architectures.sorted(by: { $0.token == SeccompArchitecture.x86_64 && $1.token != $0.token }) {
      let isX32 = architecture.token == SeccompArchitecture.x32
      if isX32, architectures.count == 1 { ranges.append(Range(start: 0, answer: .action(SeccompNames.killThread))) }
      guard var own = self.ranges(of: architecture) else { return nil }
      // No range of x86-64 may reach into x32's.
      if isX86 { own.removeAll { ($0.start >= SeccompArchitecture.x32Bit) != isX32 } }
      ranges += own
    }
    if isX86, !hasX32 {
      ranges.append(Range(start: SeccompArchitecture.x32Bit, answer: .action(SeccompNames.killThread)))
      // A tracer that skips a call makes its number -1; the filter is run again after it (Linux 4.8).
      ranges.append(Range(start: .max, answer: .action(profile.defaultAction)))
    }
    var merged: [Range] = []
    for range in ranges where merged.last?.answer != range.answer { merged.append(range) }
    return merged
  }

  private mutating func ranges(of architecture: SeccompArchitecture) -> [Range]? {
    let (sorted, newest) = gather(architecture)
    let other = Answer.action(profile.defaultAction)
    var next: UInt32 = architecture.token == SeccompArchitecture.x32 ? SeccompArchitecture.x32Bit : 0
    var ranges = [Range(start: next, answer: other)]
    var entries = sorted[...]
    while let number = entries.first?.number {
      var call = SeccompCall()
      while let entry = entries.first, entry.number == number {
        let rule = profile.rules[entry.rule]
        for conditions in rule.alternatives {
          call.add(conditions, rule.action, function: entry.function, wide: architecture.wide)
        }
        entries.removeFirst()
      }
      guard call.isUnambiguous(wide: architecture.wide) else { return nil }
      if number > next { ranges.append(Range(start: next, answer: other)) }
      if let action = call.always {
        ranges.append(Range(start: number, answer: .action(action)))
      } else {
        ranges.append(Range(start: number, answer: .arguments(call: calls.count)))
        calls.append((call, architecture.wide))
      }
      next = number + 1
    }
    ranges.append(Range(start: next, answer: other))
    if let unknownCall, let newest {
      ranges.removeAll { $0.start > newest }
      ranges.append(Range(start: newest + 1, answer: .action(unknownCall)))
    }
    return ranges
  }

  /// A rule under the number of its call.
  private struct Entry {
    var number: UInt32
    var rule: Int
    var function: UInt32?

    var order: UInt64 { UInt64(number) << 32 | UInt64(rule) }
  }

  /// The rules in the order of their numbers, those of one number in the profile's order; and the newest number.
  private func gather(_ architecture: SeccompArchitecture) -> (entries: [Entry], newest: UInt32?) {
    let native = numbers[0]
    let numbers = numbers[profile.architectures.firstIndex(of: architecture.token) ?? 0].map { number in
      SeccompSyscalls.numbers(number, architecture.token)
    }
    var entries: [Entry] = []
    entries.reserveCapacity(profile.rules.count)
    for (index, rule) in profile.rules.enumerated() {
      // As runc: a name that is none on the native architecture is ignored on all.
      guard native[rule.name] != SeccompSyscalls.unknown, let found = numbers[rule.name] else { continue }
      if let multiplexer = found.multiplexer {
        entries.append(Entry(number: multiplexer, rule: index, function: found.function))
      }
      if let direct = found.direct { entries.append(Entry(number: direct, rule: index, function: nil)) }
    }
    entries.sort { $0.order < $1.order }
    // A multiplexed call has no number of its own here: runc takes libseccomp's, which is negative.
    var newest: UInt32 = 0
    for case let found? in numbers where found.multiplexer == nil { newest = max(newest, found.direct ?? 0) }
    return (entries, newest > 0 ? newest : nil)
  }

  /// Puts the search over the ranges before the rest.
  @discardableResult private mutating func search(
    _ ranges: ArraySlice<Range>, _ shortcuts: inout [UInt32: BPFBuilder.Label]
  ) -> BPFBuilder.Label {
    guard ranges.count > 1 else {
      switch ranges[ranges.startIndex].answer {
      case .arguments(let call): return prependArguments(calls[call].call, wide: calls[call].wide)
      case .action(let action):
        // One return serves all that can reach it.
        if let label = shortcuts[action], builder.count - label < 200 { return label }
        let label = builder.prependReturn(action)
        shortcuts[action] = label
        return label
      }
    }
    let middle = ranges.startIndex + ranges.count / 2
    let upper = search(ranges[middle...], &shortcuts)
    let lower = search(ranges[..<middle], &shortcuts)
    return builder.prependJump(
      BPFInstruction.jumpGreaterOrEqual, ranges[middle].start, then: upper, else: lower)
  }

  private mutating func prependArguments(_ call: SeccompCall, wide: Bool) -> BPFBuilder.Label {
    var next = builder.prependReturn(profile.defaultAction)
    for alternative in call.alternatives.reversed() {
      var success = builder.prependReturn(alternative.action)
      for condition in alternative.conditions.reversed() {
        success = prepend(condition, wide: wide, then: success, else: next)
      }
      next = success
    }
    return next
  }

  private mutating func prepend(
    _ condition: SeccompProfile.Condition, wide: Bool, then: BPFBuilder.Label, else other: BPFBuilder.Label
  ) -> BPFBuilder.Label {
    switch condition.comparison {
    case .equal, .maskedEqual: prependEqual(condition, wide: wide, then: then, else: other)
    case .notEqual: prependEqual(condition, wide: wide, then: other, else: then)
    case .greater: prependOrder(condition, BPFInstruction.jumpGreater, wide: wide, then: then, else: other)
    case .greaterOrEqual:
      prependOrder(condition, BPFInstruction.jumpGreaterOrEqual, wide: wide, then: then, else: other)
    case .less: prependOrder(condition, BPFInstruction.jumpGreaterOrEqual, wide: wide, then: other, else: then)
    case .lessOrEqual: prependOrder(condition, BPFInstruction.jumpGreater, wide: wide, then: other, else: then)
    }
  }

  private mutating func prependEqual(
    _ condition: SeccompProfile.Condition, wide: Bool, then: BPFBuilder.Label, else other: BPFBuilder.Label
  ) -> BPFBuilder.Label {
    var start = then
    for upper in wide ? [false, true] : [false] {
      let mask = UInt32(truncatingIfNeeded: upper ? condition.mask >> 32 : condition.mask)
      let value = UInt32(truncatingIfNeeded: upper ? condition.value >> 32 : condition.value)
      guard mask != 0 else { continue }
      builder.prependJump(BPFInstruction.jumpEqual, value & mask, then: start, else: other)
      if mask != .max { builder.prepend(BPFInstruction.and, mask) }
      start = builder.prepend(BPFInstruction.load, offset(condition, upper: upper))
    }
    return start
  }

  private mutating func prependOrder(
    _ condition: SeccompProfile.Condition, _ code: UInt16, wide: Bool, then: BPFBuilder.Label,
    else other: BPFBuilder.Label
  ) -> BPFBuilder.Label {
    let value = condition.value
    builder.prependJump(code, UInt32(truncatingIfNeeded: value), then: then, else: other)
    let low = builder.prepend(BPFInstruction.load, offset(condition, upper: false))
    guard wide else { return low }
    let same = builder.prependJump(BPFInstruction.jumpEqual, UInt32(value >> 32), then: low, else: other)
    builder.prependJump(BPFInstruction.jumpGreater, UInt32(value >> 32), then: then, else: same)
    return builder.prepend(BPFInstruction.load, offset(condition, upper: true))
  }

  /// Both halves of an argument are in little-endian order on every architecture that gets here.
  private func offset(_ condition: SeccompProfile.Condition, upper: Bool) -> UInt32 {
    BPFInstruction.argumentsOffset + condition.index * 8 + (upper ? 4 : 0)
  }
}
