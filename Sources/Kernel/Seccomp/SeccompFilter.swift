public import OCI

/// A seccomp filter, ready for seccomp(2).
public struct SeccompFilter: Sendable, Equatable {
  /// An array of `struct sock_filter`, 8 bytes each, in the machine's byte order.
  public var program: [UInt8]
  /// `SECCOMP_FILTER_FLAG_*`.
  public var flags: UInt32
  /// The kernel gives a listener (`SECCOMP_FILTER_FLAG_NEW_LISTENER`), which belongs to the socket `listenerPath`.
  public var listens: Bool

  /// The number of instructions, at most 4096.
  public var count: Int { program.count / 8 }

  /// A filter that is compiled already.
  public init(program: [UInt8], flags: UInt32, listens: Bool) {
    self.program = program
    self.flags = flags
    self.listens = listens
  }

  /// Compiles a profile; `nil` if there is nothing in it, which means no filter at all, as in runc.
  ///
  /// - Throws: `SeccompError` with the key path of what is wrong. Names of system calls that libseccomp does not know
  ///   are no fault: such rules are left out.
  /// - Parameter cache: for programs that libseccomp has to make.
  public static func compile(
    _ profile: OCI.Seccomp, cache: SeccompCache? = nil
  ) throws(SeccompError) -> SeccompFilter? {
    if profile.defaultAction.isEmpty, profile.syscalls.isEmpty { return nil }
    let checked = try SeccompProfile(profile)
    if let program = try SeccompGenerator.program(checked) {
      return SeccompFilter(program: program, flags: checked.flags, listens: checked.listens)
    }
    let key = cache == nil ? [] : SeccompCache.key(profile)
    if let program = cache?.program(key) {
      return SeccompFilter(program: program, flags: checked.flags, listens: checked.listens)
    }
    let program = try compileWithLibrary(checked)
    cache?.store(program, key)
    return SeccompFilter(program: program, flags: checked.flags, listens: checked.listens)
  }

  /// The other way to the same filter: libseccomp's program behind our prologue.
  static func compileWithLibrary(_ profile: SeccompProfile) throws(SeccompError) -> [UInt8] {
    let program = SeccompStub.program(profile) + (try SeccompLibrary.program(profile))
    guard program.count <= 4096 * 8 else {
      throw SeccompError("syscalls", "the filter takes \(program.count / 8) instructions, the kernel 4096")
    }
    return program
  }
}
