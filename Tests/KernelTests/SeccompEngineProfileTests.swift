import Foundation
import OCI
import Testing

@testable import Kernel

/// Profiles of the size and kind that engines send with every container.
@Suite struct SeccompEngineProfileTests {
  /// All calls up to a kernel of some years ago but the dangerous ones, with the conditions that Docker has.
  static func dockerLike() -> Seccomp {
    let denied = [
      "kexec_load", "open_by_handle_at", "init_module", "finit_module", "delete_module", "mount", "umount2", "reboot",
      "swapon", "swapoff", "ptrace", "bpf", "perf_event_open", "setns", "unshare", "add_key", "keyctl", "request_key",
      "personality", "clone", "clone3", "socket", "acct", "quotactl", "userfaultfd", "iopl", "ioperm", "vhangup",
    ]
    var profile = Seccomp()
    profile.defaultAction = "SCMP_ACT_ERRNO"
    profile.defaultErrnoRet = 1
    profile.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    func add(_ names: [String], _ action: String, _ errnoRet: UInt32? = nil, _ args: [Seccomp.Argument] = []) {
      var rule = Seccomp.Rule()
      rule.names = names
      rule.action = action
      rule.errnoRet = errnoRet
      rule.args = args
      profile.syscalls.append(rule)
    }
    let all = (0..<450).compactMap { SeccompSyscalls.name(UInt32($0), SeccompArchitecture.x86_64) }
    let old = (0..<450).compactMap { SeccompSyscalls.name(UInt32($0), SeccompArchitecture.x86) }
    add(Array(Set(all + old).subtracting(denied)).sorted() + ["not_yet_a_call"], "SCMP_ACT_ALLOW")
    for value in [0, 8, 0x20000, 0x20008, 0xffff_ffff] as [UInt64] {
      add(["personality"], "SCMP_ACT_ALLOW", nil, [Seccomp.Argument(index: 0, value: value, op: "SCMP_CMP_EQ")])
    }
    add(["socket"], "SCMP_ACT_ALLOW", nil, [Seccomp.Argument(index: 0, value: 40, op: "SCMP_CMP_NE")])
    add(
      ["clone"], "SCMP_ACT_ALLOW", nil, [Seccomp.Argument(index: 0, value: 0x7e02_0000, op: "SCMP_CMP_MASKED_EQ")])
    add(["clone3"], "SCMP_ACT_ERRNO", 38)
    return profile
  }

  /// The file of containers-common, as Podman makes a profile of it for a container without capabilities.
  static func installed() throws -> Seccomp {
    let data = try Data(contentsOf: URL(fileURLWithPath: installedPath))
    let top = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    var profile = Seccomp()
    profile.defaultAction = try #require(top["defaultAction"] as? String)
    profile.defaultErrnoRet = (top["defaultErrnoRet"] as? NSNumber)?.uint32Value
    profile.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    for entry in try #require(top["syscalls"] as? [[String: Any]]) {
      let includes = entry["includes"] as? [String: Any] ?? [:]
      let excludes = entry["excludes"] as? [String: Any] ?? [:]
      if let only = includes["arches"] as? [String], !only.contains("amd64") { continue }
      if let not = excludes["arches"] as? [String], not.contains("amd64") { continue }
      if includes["caps"] != nil { continue }
      var rule = Seccomp.Rule()
      rule.names = try #require(entry["names"] as? [String])
      rule.action = try #require(entry["action"] as? String)
      rule.errnoRet = (entry["errnoRet"] as? NSNumber)?.uint32Value
      for argument in entry["args"] as? [[String: Any]] ?? [] {
        func number(_ key: String) -> UInt64 { (argument[key] as? NSNumber)?.uint64Value ?? 0 }
        rule.args.append(
          Seccomp.Argument(
            index: UInt32(number("index")), value: number("value"), valueTwo: number("valueTwo"),
            op: argument["op"] as? String ?? ""))
      }
      profile.syscalls.append(rule)
    }
    return profile
  }

  static let installedPath = "/usr/share/containers/seccomp.json"

  @Test(.enabled(if: SeccompProfile.native == SeccompArchitecture.x86_64)) func dockersKind() throws {
    try SeccompEngineProfileTests.compare(SeccompEngineProfileTests.dockerLike())
  }

  @Test(
    .enabled(
      if: SeccompProfile.native == SeccompArchitecture.x86_64 && FileManager.default.fileExists(atPath: installedPath)))
  func podmans() throws {
    try SeccompEngineProfileTests.compare(try SeccompEngineProfileTests.installed())
  }

  /// The model, libseccomp and the generator agree on every number, and the generator's program is the small one.
  static func compare(_ profile: Seccomp) throws {
    let checked = try SeccompProfile(profile)
    let generated = try #require(try SeccompGenerator.program(checked))
    let compiled = try SeccompFilter.compileWithLibrary(checked)
    #expect(generated.count / 8 < 700 && generated.count < compiled.count / 2)
    let own = try BPFInterpreter(generated)
    let library = try BPFInterpreter(compiled)
    let model = SeccompModel(profile)
    var dice = SeccompDice(state: 42)
    for architecture in SeccompFilterTests.architectures {
      for base in [0, 0x4000_0000] as [UInt32] {
        for number in 0..<480 as Range<UInt32> {
          for _ in 0..<2 {
            var data = SeccompData(number: base + number, architecture: architecture, arguments: dice.arguments())
            data.arguments[0] = dice.pick([0, 8, 40, 0x20000, 0x1000_0000, 0x1_0000_0008, 1])
            let answer = try own.run(data)
            #expect(model.answers(data) == [answer], "\(data)")
            #expect(try library.run(data) == answer, "libseccomp: \(data)")
          }
        }
      }
    }
  }
}
