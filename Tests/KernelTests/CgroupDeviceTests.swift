import OCI
import Testing

@testable import Kernel

private typealias Rule = Resources.DeviceRule

@Suite struct CgroupDeviceTests {
  @Test func containerHasTheCustomaryDevices() throws {
    let denyAll = Rule(allow: false)
    var resources = Resources()
    resources.devices = [denyAll, Rule(allow: true, type: "b", major: 8, minor: 0, access: "r")]
    let changes = try DeviceRules.container(resources).changes(from: nil)
    #expect(
      changes.map { "\($0.allow ? "+" : "-")\($0.line)" } == [
        "-a", "+b 8:0 r", "+c *:* m", "+b *:* m", "+c 1:3 rwm", "+c 1:8 rwm", "+c 1:7 rwm", "+c 5:0 rwm", "+c 1:5 rwm",
        "+c 1:9 rwm", "+c 136:* rwm", "+c 5:2 rwm", "+c 10:200 rwm",
      ])
    // Whoever makes /dev/null himself also says who may use it.
    let null = Device(type: "c", path: "/dev/null", major: 1, minor: 3)
    let without = try DeviceRules.container(resources, devices: [null])
    #expect(!without.exceptions.contains { $0.major == 1 && $0.minor == 3 })
    resources.devices = [Rule(allow: true)]
    #expect(try DeviceRules.container(resources).changes(from: nil) == [.init(allow: true, line: "a")])
  }

  @Test(arguments: [
    (["+c 1:3 rw", "-c 1:3 w"], ["c 1:3 r"]),
    (["+c 1:3 r", "+c 1:3 w"], ["c 1:3 rw"]),
    (["+c 1:3 rwm", "+b 1:3 r", "-c *:* w"], ["c 1:3 rm", "b 1:3 r"]),
    (["+c 1:* rwm", "-c 1:* rwm"], []),
    // Wider than what was asked for is what runc makes of it.
    (["+a 10:* r"], ["c 10:* r", "b 10:* r"]),
    (["+a *:* rwm", "-c 1:3 w", "-a *:* rwm", "+c 5:1 r"], ["c 5:1 r"]),
  ])
  func appliesInOrder(_ rules: [String], _ expected: [String]) throws {
    let result = try DeviceRules(rules.map { Self.rule($0) })
    #expect(result.exceptions.map { $0.text } == expected)
    #expect(!result.allowsByDefault)
  }

  @Test(arguments: [
    (["+c 1:* rwm", "-c 1:3 w"], "[1]: deny c 1:3 w: cannot punch hole in existing wildcard rule c 1:* rwm"),
    (["+c 1:* r", "-c *:3 r"], "cannot punch hole"),
    (["+a *:* rwm", "-c 1:* rwm", "+c 1:3 r"], "cannot punch hole"),
    (["+c 1:3 "], "cannot be empty"),
    (["+c 1:3 rx"], "invalid device access"),
    (["+q 1:3 r"], "invalid cgroup device type"),
    (["+c 4294967296:3 r"], "invalid device number"),
    (["+c 1:-2 r"], "invalid device number"),
  ])
  func refuses(_ rules: [String], _ reason: String) {
    let error = #expect(throws: SystemError.self) { try DeviceRules(rules.map { Self.rule($0) }) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test("more rules than anybody needs are refused") func bound() {
    let rules = [Resources.DeviceRule](repeating: Self.rule("+c 1:3 r"), count: 4097)
    let error = #expect(throws: SystemError.self) { try DeviceRules(rules) }
    #expect(error?.description == "linux.resources.devices: more than 4096 rules")
    #expect(throws: Never.self) { try DeviceRules(Array(rules.dropLast())) }
  }

  @Test(arguments: [
    // Only the difference is written: nothing is denied for a moment.
    ("c 1:3 rwm\nb *:* m\n", ["+c 1:3 rw", "+c 5:1 r"], ["-c 1:3 m", "-b *:* m", "+c 5:1 r"]),
    ("c 1:3 rwm\n", ["+c 1:3 rwm"], []),
    ("a *:* rwm\n", ["+c 1:3 rwm"], ["-a", "+c 1:3 rwm"]),
    ("a *:* rwm\n", ["+a *:* rwm", "-b 8:0 w"], ["+a", "-b 8:0 w"]),
    ("c 1:3 rwm\n", ["+a *:* rwm"], ["+a"]),
    ("", ["+c 1:3 r"], ["+c 1:3 r"]),
  ])
  func changesAsLittleAsPossible(_ list: String, _ rules: [String], _ expected: [String]) throws {
    let current = try DeviceRules(list: Array(list.utf8))
    let changes = try DeviceRules(rules.map { Self.rule($0) }).changes(from: current)
    #expect(changes.map { "\($0.allow ? "+" : "-")\($0.line)" } == expected)
  }

  @Test(arguments: ["x 1:3 rwm", "c 1:3", "c 1:x rwm", "c 1:3:4 rwm", "c 1:4294967296 r"])
  func refusesListItDoesNotKnow(_ line: String) {
    #expect(throws: SystemError.self) { try DeviceRules(list: Array(line.utf8)) }
  }

  /// The program against what config.json says: for each bit of access the last rule that matches it decides.
  @Test func programDoesWhatTheRulesSay() throws {
    var random = SystemRandomNumberGenerator()
    let numbers: [Int64?] = [nil, 1, 3, 2_147_483_648, 4_294_967_295]
    var refused = 0
    for _ in 0..<1000 {
      var rules: [Rule] = []
      for _ in 0..<Int.random(in: 0...7, using: &random) {
        let access = ["r", "w", "m", "rw", "rm", "wm", "rwm", "rwm"].randomElement(using: &random) ?? "r"
        rules.append(
          Rule(
            allow: .random(using: &random), type: ["a", "b", "c", "c"].randomElement(using: &random) ?? "c",
            major: numbers.randomElement(using: &random) ?? nil, minor: numbers.randomElement(using: &random) ?? nil,
            access: access))
      }
      guard let result = try? DeviceRules(rules) else {
        refused += 1
        continue
      }
      let program = DeviceFilter.program(for: result)
      for type in [UInt32(1), 2] {
        for (major, minor) in [(UInt32(1), UInt32(1)), (1, 3), (3, 1), (2_147_483_648, 1), (3, .max), (7, 7)] {
          // Bits that are wanted at once have to be allowed by one rule when the default is to deny, as on v1.
          for wanted in UInt32(0)...7 {
            let context = [wanted << 16 | type, major, minor]
            let allowed = try Interpreter(program).run(context)
            if wanted.nonzeroBitCount == 1 {
              let expected = Self.model(rules, isBlock: type == 1, major, minor, UInt8(wanted))
              #expect(allowed == expected, "\(rules) \(context)")
            } else if wanted != 0 {
              let each = try (0..<3).allSatisfy { bit in
                let one = wanted & (1 << UInt32(bit))
                return try one == 0 || Interpreter(program).run([one << 16 | type, major, minor])
              }
              // Never more than each bit alone; with an allowing default exactly that.
              #expect(!allowed || each, "\(rules) \(context)")
              if result.allowsByDefault { #expect(allowed == each, "\(rules) \(context)") }
            }
          }
        }
      }
    }
    #expect(refused < 900)
  }

  static func model(
    _ rules: [Resources.DeviceRule], isBlock: Bool, _ major: UInt32, _ minor: UInt32, _ bit: UInt8
  ) -> Bool {
    let letter: Character = bit == 1 ? "m" : bit == 2 ? "r" : "w"
    let last = rules.last { rule in
      (rule.type == "a" || rule.type == (isBlock ? "b" : "c")) && (rule.major ?? Int64(major)) == Int64(major)
        && (rule.minor ?? Int64(minor)) == Int64(minor) && rule.access.contains(letter)
    }
    return last?.allow ?? false
  }

  /// `+c 1:* rw`, with the numbers as config.json has them.
  static func rule(_ text: String) -> Resources.DeviceRule {
    let fields = text.dropFirst().split(omittingEmptySubsequences: false) { $0 == " " || $0 == ":" }
    return Resources.DeviceRule(
      allow: text.hasPrefix("+"), type: String(fields[0]), major: Int64(fields[1]), minor: Int64(fields[2]),
      access: String(fields[3]))
  }
}

/// Runs the few eBPF instructions that the generator uses, and refuses what the kernel's verifier would refuse.
struct Interpreter {
  struct Fault: Error {
    var text: String
  }

  let code: [UInt64]
  init(_ code: [UInt64]) { self.code = code }

  func run(_ context: [UInt32]) throws -> Bool {
    var registers = [UInt64?](repeating: nil, count: 11)
    // r1 is the context's address; everything else is unknown at first.
    var contextRegister: Int? = 1
    var next = 0
    while true {
      guard code.indices.contains(next) else { throw Fault(text: "runs off the end") }
      let word = code[next]
      let (to, from) = (Int(word >> 8 & 15), Int(word >> 12 & 15))
      let offset = Int(Int16(truncatingIfNeeded: word >> 16))
      let immediate = Int32(truncatingIfNeeded: word >> 32)
      let extended = UInt64(bitPattern: Int64(immediate))
      let low = UInt64(UInt32(bitPattern: immediate))
      func value(_ register: Int) throws -> UInt64 {
        guard let value = registers[register] else { throw Fault(text: "r\(register) is not initialised") }
        return value
      }
      next += 1
      switch UInt8(word & 0xff) {
      case 0x61:
        guard contextRegister == from, [0, 4, 8].contains(offset) else { throw Fault(text: "bad load") }
        registers[to] = UInt64(context[offset / 4])
      case 0x54: registers[to] = try value(to) & low
      case 0x74: registers[to] = (try value(to) & 0xffff_ffff) >> low
      case 0xbc:
        registers[to] = try value(from) & 0xffff_ffff
        if to == contextRegister { contextRegister = nil }
      case 0xb4:
        registers[to] = low
        if to == contextRegister { contextRegister = nil }
      case 0xb7: registers[to] = extended
      case 0x15: if try value(to) == extended { next += offset }
      case 0x55: if try value(to) != extended { next += offset }
      case 0x05: next += offset
      case 0x1d: if try value(to) == value(from) { next += offset }
      case 0x45: if try value(to) & extended != 0 { next += offset }
      case 0x5d: if try value(to) != value(from) { next += offset }
      case 0x95:
        guard let result = registers[0], result <= 1 else { throw Fault(text: "bad result") }
        return result == 1
      default: throw Fault(text: "unknown instruction \(word & 0xff)")
      }
    }
  }
}
