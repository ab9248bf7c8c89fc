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

  @Test(.enabled(if: SeccompProfile.native == SeccompArchitecture.x86_64), arguments: 0..<40, SeccompDice.Shape.allCases)
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
}
