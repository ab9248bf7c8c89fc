/// A seccomp profile as docker writes it: rules that hold for some capabilities, machines and kernels only. The runtime
/// specification's form is one without conditions.
public struct SeccompTemplate: Sendable, Equatable {
  /// What a rule depends on.
  struct Condition: Sendable, Equatable {
    var capabilities: [String] = []
    /// libseccomp's names: `amd64`, `arm64`.
    var architectures: [String] = []
    var minKernel: Kernel?
  }

  struct Rule: Sendable, Equatable {
    var rule: Seccomp.Rule
    /// All of these must hold; one of several architectures is enough.
    var includes = Condition()
    /// One of these is enough to leave the rule out.
    var excludes = Condition()
  }

  /// A release of Linux, to its second number.
  public struct Kernel: Sendable, Equatable, Comparable {
    public var major: Int
    public var minor: Int

    public init(_ major: Int, _ minor: Int) {
      self.major = major
      self.minor = minor
    }

    public static func < (left: Kernel, right: Kernel) -> Bool {
      (left.major, left.minor) < (right.major, right.minor)
    }
  }

  /// What the conditions are about.
  public struct Target: Sendable, Equatable {
    public var architecture: String
    public var kernel: Kernel
    /// The container's bounding set.
    public var capabilities: [String]

    public init(architecture: String = Platform.host.architecture, kernel: Kernel, capabilities: [String]) {
      self.architecture = architecture
      self.kernel = kernel
      self.capabilities = capabilities
    }
  }

  /// All but the rules; its architectures are those of a profile that has no `archMap`.
  var base = Seccomp()
  /// For each native architecture (the specification's name) those that the kernel runs as well.
  var subArchitectures: [String: [String]] = [:]
  var rules: [Rule] = []

  /// The profile without conditions.
  public func profile(for target: Target) -> Seccomp {
    var profile = base
    let native = Self.specificationName(of: target.architecture)
    if let others = subArchitectures[native] { profile.architectures = [native] + others }
    profile.syscalls = rules.filter { $0.holds(for: target) }.map(\.rule)
    return profile
  }

  private static func specificationName(of architecture: String) -> String {
    architecture == "arm64" ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64"
  }
}

extension SeccompTemplate.Rule {
  fileprivate func holds(for target: SeccompTemplate.Target) -> Bool {
    let has = target.capabilities
    if excludes.architectures.contains(target.architecture) || excludes.capabilities.contains(where: has.contains) {
      return false
    }
    if let kernel = excludes.minKernel, target.kernel >= kernel { return false }
    if !includes.architectures.isEmpty, !includes.architectures.contains(target.architecture) { return false }
    if let kernel = includes.minKernel, target.kernel < kernel { return false }
    return includes.capabilities.allSatisfy(has.contains)
  }
}

extension Seccomp {
  /// As `config.json` has it.
  public var json: JSON {
    var members = [JSON.Member("defaultAction", .string(defaultAction))]
    if let defaultErrnoRet { members.append(JSON.Member("defaultErrnoRet", .integer(Int64(defaultErrnoRet)))) }
    if !architectures.isEmpty { members.append(JSON.Member("architectures", .strings(architectures))) }
    if hasFlags { members.append(JSON.Member("flags", .strings(flags))) }
    if let listenerPath { members.append(JSON.Member("listenerPath", .string(listenerPath))) }
    if let listenerMetadata { members.append(JSON.Member("listenerMetadata", .string(listenerMetadata))) }
    members.append(JSON.Member("syscalls", .array(syscalls.map(\.json))))
    return .object(members)
  }
}

extension Seccomp.Rule {
  fileprivate var json: JSON {
    var members = [JSON.Member("names", .strings(names)), JSON.Member("action", .string(action))]
    if let errnoRet { members.append(JSON.Member("errnoRet", .integer(Int64(errnoRet)))) }
    if !args.isEmpty {
      members.append(
        JSON.Member(
          "args",
          .array(
            args.map { argument in
              .object([
                JSON.Member("index", .integer(Int64(argument.index))), JSON.Member("value", JSON(argument.value)),
                JSON.Member("valueTwo", JSON(argument.valueTwo)), JSON.Member("op", .string(argument.op)),
              ])
            })))
    }
    return .object(members)
  }
}

extension JSON {
  fileprivate init(_ value: UInt64) {
    self = Int64(exactly: value).map { .integer($0) } ?? .unsigned(value)
  }
}
