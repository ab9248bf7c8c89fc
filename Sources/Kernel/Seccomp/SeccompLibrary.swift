internal import CSeccomp
internal import Glibc

/// libseccomp's own compiler: for architectures and rules that `SeccompGenerator` does not take.
///
/// With several conditional rules for one call, 2.5.4 makes programs that come to the second rule without loading the
/// word that it compares: some calls get another rule's answer. Rules that contradict each other are such rules, so that
/// here a container is as well off as with runc on the same library, and no better.
enum SeccompLibrary {
  /// Larger than the largest program that the kernel loads (4096 instructions of 8 bytes).
  private static let limit = 1 << 16

  /// The program, without the prologue for unknown calls.
  static func program(_ profile: SeccompProfile) throws(SeccompError) -> [UInt8] {
    guard let filter = seccomp_init(profile.defaultAction) else {
      throw SeccompError("defaultAction", "libseccomp cannot make a filter with it")
    }
    defer { seccomp_release(filter) }
    for token in profile.architectures {
      let result = seccomp_arch_add(filter, token)
      guard result == 0 || result == -EEXIST else {
        let name = SeccompNames.architectureTable.first { $0.token == token }?.name ?? "native"
        throw SeccompError("architectures", "\(name): \(Errno(-result))")
      }
    }
    // Up to 2.5.4 the binary tree is wrong without rules, and the list without the tree is wrong with calls that 32-bit
    // x86 only has behind ipc(2) (semop): it then compares the architecture with the numbers of the calls.
    if !profile.rules.isEmpty { seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) }
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0)
    for rule in profile.rules { try add(rule, profile.names[rule.name], to: filter) }
    return try export(filter)
  }

  private static func add(_ rule: SeccompProfile.Rule, _ name: String, to filter: scmp_filter_ctx) throws(SeccompError)
  {
    guard let number = SeccompSyscalls.resolve(name, 0) else { return }
    for conditions in rule.alternatives {
      let arguments = conditions.map { condition in
        let masked = condition.comparison == .maskedEqual
        return scmp_arg_cmp(
          arg: condition.index, op: operation(condition.comparison), datum_a: masked ? condition.mask : condition.value,
          datum_b: masked ? condition.value : 0)
      }
      let result = seccomp_rule_add_array(filter, rule.action, number, UInt32(arguments.count), arguments)
      guard result == 0 else {
        throw SeccompError(
          "syscalls[\(rule.path)]", "error adding seccomp rule for syscall \(name): \(Errno(-result))")
      }
    }
  }

  private static func operation(_ comparison: SeccompComparison) -> scmp_compare {
    switch comparison {
    case .equal: SCMP_CMP_EQ
    case .notEqual: SCMP_CMP_NE
    case .less: SCMP_CMP_LT
    case .lessOrEqual: SCMP_CMP_LE
    case .greater: SCMP_CMP_GT
    case .greaterOrEqual: SCMP_CMP_GE
    case .maskedEqual: SCMP_CMP_MASKED_EQ
    }
  }

  private static func export(_ filter: scmp_filter_ctx) throws(SeccompError) -> [UInt8] {
    do throws(SystemError) {
      let number = cseccomp_memory_file()
      guard number >= 0 else { throw SystemError("memfd_create") }
      let file = Descriptor(adopting: number)
      let result = seccomp_export_bpf(filter, file.number)
      guard result == 0 else { throw SystemError("seccomp_export_bpf", errno: Errno(-result)) }
      guard lseek(file.number, 0, SEEK_SET) == 0 else { throw SystemError("lseek") }
      return try file.readAll(limit: limit, subject: "exported filter")
    } catch {
      throw SeccompError("", "\(error)")
    }
  }
}
