internal import CLinux
internal import Glibc

/// Attaches device rules to a cgroup v2 directory.
enum DeviceProgram {
  /// - Parameter isNew: nobody can have attached a program yet, so none is looked for.
  static func attach(_ rules: DeviceRules, to directory: borrowing Descriptor, isNew: Bool) throws(SystemError) {
    let old = isNew ? [] : try attached(to: directory)
    defer { for program in old { close(program) } }
    let program = try load(DeviceFilter.program(for: rules))
    if let only = old.first, old.count == 1,
      clinux_bpf_attach_device(directory.number, program.number, only) == 0
    {
      return
    }
    // BPF_F_REPLACE is of 5.6. Without it, or with several: all must say yes, so the old ones are taken off after.
    guard clinux_bpf_attach_device(directory.number, program.number, -1) == 0 else {
      throw SystemError("linux.resources.devices: attach eBPF program (BPF_PROG_ATTACH)")
    }
    for program in old where clinux_bpf_detach_device(directory.number, program) != 0 {
      throw SystemError("linux.resources.devices: detach old eBPF program (BPF_PROG_DETACH)")
    }
  }

  private static func load(_ code: [UInt64]) throws(SystemError) -> Descriptor {
    let number = clinux_bpf_load_device(code, UInt32(code.count))
    guard number >= 0 else { throw SystemError("linux.resources.devices: load eBPF program (BPF_PROG_LOAD)") }
    return Descriptor(adopting: number)
  }

  /// Descriptors of the cgroup's own programs, without those that a security module hides: they only ever deny more.
  private static func attached(to directory: borrowing Descriptor) throws(SystemError) -> [CInt] {
    // A cgroup takes 64 programs of a type.
    var ids = [UInt32](repeating: 0, count: 64)
    var count = UInt32(ids.count)
    guard clinux_bpf_query_device(directory.number, &ids, &count) == 0 else {
      throw SystemError("linux.resources.devices: list eBPF programs (BPF_PROG_QUERY)")
    }
    var programs: [CInt] = []
    for id in ids.prefix(Int(count)) {
      let program = clinux_bpf_program(id)
      if program >= 0 { programs.append(program) }
    }
    return programs
  }
}
