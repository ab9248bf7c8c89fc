import OCI
import Testing

@testable import Kernel

/// Filters are run, not compared: by the interpreter, against a model of the specification and against libseccomp.
@Suite struct SeccompFilterTests {
  static let architectures: [UInt32] = [0xc000_003e, 0x4000_0003, 0xc000_00b7]

  /// Calls around all numbers of the profile, on every architecture.
  static func numbers(_ profile: Seccomp) -> [UInt32] {
    var numbers: Set<UInt32> = [0, 335, 1000, 0x3fff_ffff, 0x4000_0000, 0x7fff_ffff, 0x8000_0000, .max - 1, .max]
    for name in Set(profile.syscalls.flatMap(\.names)) {
      for token in [0xc000_003e, 0x4000_0003, 0x4000_003e] as [UInt32] {
        guard let found = SeccompSyscalls.numbers(name, token) else { continue }
        for number in [found.direct, found.multiplexer].compactMap({ $0 }) {
          numbers.formUnion([number &- 1, number, number + 1])
        }
      }
    }
    return numbers.sorted()
  }

  @Test(
    .enabled(if: SeccompProfile.native == SeccompArchitecture.x86_64), arguments: 0..<40, SeccompDice.Shape.allCases)
  func agreesWithTheModelAndLibseccomp(_ seed: Int, _ shape: SeccompDice.Shape) throws {
    var dice = SeccompDice(state: UInt64(seed) &* 7919)
    for _ in 0..<4 {
      let profile = dice.profile(shape)
      let model = SeccompModel(profile)
      let checked = try SeccompProfile(profile)
      let generated = try SeccompGenerator.program(checked)
      if generated == nil, shape == .mixed { continue }
      let own = try BPFInterpreter(try #require(generated))
      let library = shape == .single ? try BPFInterpreter(try SeccompFilter.compileWithLibrary(checked)) : nil
      for number in SeccompFilterTests.numbers(profile) {
        for architecture in SeccompFilterTests.architectures {
          for _ in 0..<3 {
            let data = SeccompData(number: number, architecture: architecture, arguments: dice.arguments())
            let answer = try own.run(data)
            #expect(model.answers(data) == [answer], "\(data) of \(profile)")
            if let library {
              let theirs = try library.run(data)
              #expect(theirs == answer, "libseccomp: \(data) of \(profile)")
            }
          }
        }
      }
    }
  }

  /// CVE-2017-18367: conditions on several arguments were alternatives; they must all hold.
  @Test func conditionsOnDifferentArgumentsMustAllHold() throws {
    let profile = SeccompFilterTests.profile([
      ("personality", "SCMP_ACT_ALLOW", [(0, "SCMP_CMP_EQ", 8, 0), (1, "SCMP_CMP_EQ", 9, 0)])
    ])
    #expect(try SeccompFilterTests.run(profile, "personality", [8, 9]) == SeccompNames.allow)
    #expect(try SeccompFilterTests.run(profile, "personality", [8, 0]) == SeccompNames.errno | 1)
    #expect(try SeccompFilterTests.run(profile, "personality", [0, 9]) == SeccompNames.errno | 1)
  }

  @Test func conditionsOnOneArgumentAreAlternatives() throws {
    let profile = SeccompFilterTests.profile([
      ("personality", "SCMP_ACT_ALLOW", [(0, "SCMP_CMP_EQ", 8, 0), (0, "SCMP_CMP_EQ", 9, 0)])
    ])
    for (value, allowed) in [(8, true), (9, true), (10, false), (8 | 1 << 32, false)] as [(UInt64, Bool)] {
      #expect(try (SeccompFilterTests.run(profile, "personality", [value]) == SeccompNames.allow) == allowed)
    }
  }

  /// libseccomp 2.5.4 allows 0xffffffff here: its program comes to the second rule with the lower half still loaded, and
  /// compares that with the upper half's bound.
  @Test func comparesAllBitsOfTwoRangesOfOneArgument() throws {
    let profile = SeccompFilterTests.profile([
      ("read", "SCMP_ACT_ALLOW", [(0, "SCMP_CMP_LT", 0x10, 0)]),
      ("read", "SCMP_ACT_ALLOW", [(0, "SCMP_CMP_GE", 0xffff_ffff_0000_0000, 0)]),
    ])
    let edges: [(UInt64, Bool)] = [
      (0xf, true), (0x10, false), (0xffff_ffff, false), (0xffff_fffe_ffff_ffff, false), (0xffff_ffff_0000_0000, true),
    ]
    for (value, allowed) in edges {
      #expect(try (SeccompFilterTests.run(profile, "read", [value]) == SeccompNames.allow) == allowed)
    }
  }

  @Test func newerCallsGetENOSYS() throws {
    var profile = SeccompFilterTests.profile([("read", "SCMP_ACT_ALLOW", []), ("clone3", "SCMP_ACT_TRAP", [])])
    profile.syscalls.removeLast()
    let program = try BPFInterpreter(try #require(try SeccompFilter.compile(profile)).program)
    let newest = try #require(SeccompSyscalls.numbers("clone3", SeccompProfile.native)?.direct)
    let native = SeccompProfile.native
    #expect(try program.run(SeccompData(number: newest, architecture: native)) == SeccompNames.trap)
    #expect(try program.run(SeccompData(number: newest + 1, architecture: native)) == SeccompNames.errno | 38)
    #expect(try program.run(SeccompData(number: newest - 1, architecture: native)) == SeccompNames.errno | 1)
    profile.defaultAction = "SCMP_ACT_LOG"
    let permissive = try BPFInterpreter(try #require(try SeccompFilter.compile(profile)).program)
    #expect(try permissive.run(SeccompData(number: newest + 1, architecture: native)) == SeccompNames.log)
  }

  @Test func farJumpsGetThere() throws {
    // Enough comparisons between the first and the last answer for every jump to be too short.
    let rules = (0..<600).map {
      ("personality", "SCMP_ACT_ALLOW", [(0 as UInt32, "SCMP_CMP_EQ", UInt64($0) * 3, 0 as UInt64)])
    }
    let calls = ["read", "openat", "mq_open"].map { ($0, "SCMP_ACT_TRAP", [] as [(UInt32, String, UInt64, UInt64)]) }
    let profile = SeccompFilterTests.profile(rules + calls)
    for value in [0, 3, 1797] as [UInt64] {
      #expect(try SeccompFilterTests.run(profile, "personality", [value]) == SeccompNames.allow)
      #expect(try SeccompFilterTests.run(profile, "personality", [value + 1]) == SeccompNames.errno | 1)
    }
    #expect(try SeccompFilterTests.run(profile, "read", []) == SeccompNames.trap)
    #expect(try SeccompFilterTests.run(profile, "mq_open", []) == SeccompNames.trap)
  }

  @Test func aProgramThatIsTooLongIsRefused() {
    let rules = (0..<1200).map {
      ("read", "SCMP_ACT_ALLOW", [(0 as UInt32, "SCMP_CMP_EQ", UInt64($0) * 3, 0 as UInt64)])
    }
    #expect(throws: SeccompError.self) { try SeccompFilter.compile(SeccompFilterTests.profile(rules)) }
  }

  @Test func contradictingRulesAreLeftToLibseccomp() throws {
    // Which of the two wins is libseccomp's secret; that one of them does is not.
    let profile = SeccompFilterTests.profile([
      ("read", "SCMP_ACT_ALLOW", [(0, "SCMP_CMP_GE", 5, 0)]), ("read", "SCMP_ACT_TRAP", [(1, "SCMP_CMP_GE", 5, 0)]),
    ])
    #expect(try SeccompGenerator.program(try SeccompProfile(profile)) == nil)
    #expect(try SeccompFilterTests.run(profile, "read", [0, 5]) == SeccompNames.trap)
    // These two exclude each other, so that there is nothing to leave open.
    let apart = SeccompFilterTests.profile([
      ("read", "SCMP_ACT_ALLOW", [(0, "SCMP_CMP_GE", 5, 0)]), ("read", "SCMP_ACT_TRAP", [(0, "SCMP_CMP_LT", 5, 0)]),
    ])
    #expect(try SeccompGenerator.program(try SeccompProfile(apart)) != nil)
  }

  @Test func numbersOfMultiplexedCallsAreLibseccomps() throws {
    let token = SeccompArchitecture.x86
    for name in ["socket", "accept", "accept4", "sendmmsg", "semop", "semtimedop", "shmat", "msgctl", "semctl"] {
      let numbers = try #require(SeccompSyscalls.numbers(name, token))
      #expect(numbers.multiplexer != nil)
      guard let direct = numbers.direct else { continue }
      // libseccomp's reverse lookup knows the direct numbers.
      #expect(SeccompSyscalls.name(direct, token) == name)
    }
  }

  typealias RuleText = (name: String, action: String, args: [(UInt32, String, UInt64, UInt64)])

  static func profile(_ rules: [RuleText]) -> Seccomp {
    var profile = Seccomp()
    profile.defaultAction = "SCMP_ACT_ERRNO"
    for text in rules {
      var rule = Seccomp.Rule()
      rule.names = [text.name]
      rule.action = text.action
      rule.args = text.args.map { Seccomp.Argument(index: $0.0, value: $0.2, valueTwo: $0.3, op: $0.1) }
      profile.syscalls.append(rule)
    }
    // No call of these tests is newer than the profile.
    var last = Seccomp.Rule()
    last.names = ["futex_waitv"]
    last.action = "SCMP_ACT_LOG"
    profile.syscalls.append(last)
    return profile
  }

  static func run(_ profile: Seccomp, _ name: String, _ arguments: [UInt64]) throws -> UInt32 {
    let program = try BPFInterpreter(try #require(try SeccompFilter.compile(profile)).program)
    let number = try #require(SeccompSyscalls.numbers(name, SeccompProfile.native)?.direct)
    let padded = arguments + Array(repeating: 0, count: 6 - arguments.count)
    return try program.run(SeccompData(number: number, architecture: SeccompProfile.native, arguments: padded))
  }
}
