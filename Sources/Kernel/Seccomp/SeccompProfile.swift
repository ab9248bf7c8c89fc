internal import CSeccomp
internal import OCI

/// A checked profile: names of syscalls are still names, everything else is numbers.
struct SeccompProfile: Sendable {
  /// One comparison of one argument.
  struct Condition: Sendable, Equatable {
    var index: UInt32
    var comparison: SeccompComparison
    /// Every bit for all comparisons but `maskedEqual`.
    var mask: UInt64
    var value: UInt64
  }

  /// A system call with its action; an alternative is a list of conditions that must all hold, none means always.
  struct Rule: Sendable {
    /// The place of its name among `names`.
    var name: Int
    /// Where it is in the profile, for errors.
    var path: Int
    var action: UInt32
    var alternatives: [[Condition]]
  }

  /// The token of the machine that this runs on.
  static var native: UInt32 { seccomp_arch_native() }

  var defaultAction: UInt32
  /// libseccomp's tokens, the native architecture first, each once.
  var architectures: [UInt32]
  var rules: [Rule] = []
  /// All names of the profile, also those whose rules have no effect: the newest of them tells how old the profile is.
  var names: [String] = []
  var flags: UInt32
  var listens = false
  private var conditional = 0

  /// Checks a profile as runc does.
  init(_ profile: OCI.Seccomp) throws(SeccompError) {
    let action = try SeccompProfile.action(profile.defaultAction, profile.defaultErrnoRet, "default", "defaultErrnoRet")
    // The listener would have to answer the very calls that hand it over.
    guard action != SeccompNames.notify else {
      throw SeccompError("defaultAction", "SCMP_ACT_NOTIFY cannot be used as default action")
    }
    defaultAction = action
    architectures = [SeccompProfile.native]
    for (index, name) in profile.architectures.enumerated() {
      guard let known = SeccompNames.architectureTable.first(where: { $0.name == name }) else {
        throw SeccompError("architectures[\(index)]", "string \(name) is not a valid arch for seccomp")
      }
      if !architectures.contains(known.token) { architectures.append(known.token) }
    }
    // Without flags the mitigation of speculative store bypass is left to the program, as runc does.
    flags = profile.flags.isEmpty && !profile.hasFlags ? SeccompNames.specAllowFlag : 0
    for (index, name) in profile.flags.enumerated() {
      guard let known = SeccompNames.flagTable.first(where: { $0.name == name }) else {
        throw SeccompError("flags[\(index)]", "seccomp flag \(name) is not known")
      }
      flags |= known.number
    }
    for (index, rule) in profile.syscalls.enumerated() { try add(rule, at: index) }
    try checkListener(profile)
  }

  private mutating func add(_ rule: OCI.Seccomp.Rule, at index: Int) throws(SeccompError) {
    let path = "syscalls[\(index)]"
    let action = try SeccompProfile.action(rule.action, rule.errnoRet, "\(path).", "\(path).errnoRet")
    let alternatives = try SeccompProfile.alternatives(rule.args, path)
    if !rule.args.isEmpty { conditional += alternatives.count * rule.names.count }
    // The number of rules for one call is squared; what is refused here cannot fit into a filter either.
    guard conditional <= 4096 else { throw SeccompError(path, "more than 4096 rules with arguments") }
    for name in rule.names {
      guard !name.isEmpty else { throw SeccompError("\(path).names", "empty string is not a valid syscall") }
      if action == SeccompNames.notify {
        listens = true
        // The stage writes the listener's number to its parent after it has loaded the filter.
        guard name != "write" else {
          throw SeccompError("\(path).action", "SCMP_ACT_NOTIFY cannot be used for the write syscall")
        }
      }
      names.append(name)
      if action != defaultAction {
        rules.append(Rule(name: names.count - 1, path: index, action: action, alternatives: alternatives))
      }
    }
  }

  private mutating func checkListener(_ profile: OCI.Seccomp) throws(SeccompError) {
    let hasPath = profile.listenerPath?.isEmpty == false
    guard !listens || hasPath else {
      throw SeccompError(
        "listenerPath", "SCMP_ACT_NOTIFY is used, but there is nobody to listen: set the path of a socket")
    }
    guard hasPath || profile.listenerMetadata?.isEmpty != false else {
      throw SeccompError("listenerMetadata", "must not be set without listenerPath")
    }
    if listens { flags |= SeccompNames.newListenerFlag }
    guard flags & SeccompNames.waitKillableFlag != 0 else { return }
    guard listens else {
      throw SeccompError("flags", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV has no meaning without SCMP_ACT_NOTIFY")
    }
    guard SeccompNames.isSupported(SeccompNames.waitKillableFlag) else {
      throw SeccompError("flags", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is not supported by this kernel (5.19)")
    }
  }

  private static func action(
    _ name: String, _ errnoRet: UInt32?, _ prefix: String, _ errnoPath: String
  ) throws(SeccompError) -> UInt32 {
    guard let known = SeccompNames.actionTable.first(where: { $0.name == name }) else {
      let path = prefix == "default" ? "defaultAction" : "\(prefix)action"
      throw SeccompError(path, "string \(name) is not a valid action for seccomp")
    }
    guard known.number == SeccompNames.errno || known.number == SeccompNames.trace else {
      // config-linux.md: "When the action does not support an errno, the runtime MUST print and error and fail."
      guard errnoRet == nil else { throw SeccompError(errnoPath, "\(name) has no errno") }
      return known.number
    }
    let value = errnoRet ?? 1
    // The kernel cuts an error number to MAX_ERRNO without a word.
    guard value <= (known.number == SeccompNames.errno ? 4095 : 0xffff) else {
      throw SeccompError(errnoPath, "\(value) is too large for \(name)")
    }
    return known.number | value
  }

  /// Conditions on different arguments must all hold. If an argument occurs twice, each condition is a rule of its own:
  /// this is what the field has settled on after CVE-2017-18367, in which all were taken as alternatives.
  private static func alternatives(_ args: [OCI.Seccomp.Argument], _ path: String) throws(SeccompError) -> [[Condition]]
  {
    var conditions: [Condition] = []
    var seen: UInt32 = 0
    var repeated = false
    for (number, argument) in args.enumerated() {
      guard argument.index < 6 else {
        throw SeccompError("\(path).args[\(number)].index", "\(argument.index) is not in 0...5")
      }
      guard let known = SeccompNames.operatorTable.first(where: { $0.name == argument.op }) else {
        throw SeccompError("\(path).args[\(number)].op", "string \(argument.op) is not a valid operator for seccomp")
      }
      let masked = known.comparison == .maskedEqual
      conditions.append(
        Condition(
          index: argument.index, comparison: known.comparison, mask: masked ? argument.value : .max,
          value: masked ? argument.valueTwo & argument.value : argument.value))
      if seen & (1 << argument.index) != 0 { repeated = true }
      seen |= 1 << argument.index
    }
    return repeated ? conditions.map { [$0] } : [conditions]
  }
}
