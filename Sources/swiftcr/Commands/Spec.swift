internal import Arguments
internal import Glibc
internal import Kernel
internal import OCI

/// `spec` and `features`: documents, not containers.
extension CommandRunner {
  func spec() throws -> Int32 {
    let directory = values.value("bundle") ?? "."
    let path = "\(directory)/config.json"
    let owner = values.flag("rootless") ? SpecTemplate.Owner(uid: geteuid(), gid: getegid()) : nil
    let template = SpecTemplate.json(rootless: owner, cgroupNamespace: true)
    do throws(SystemError) {
      let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o666)
      try file.writeAll(Array(template.text(indent: "\t").utf8), subject: path)
    } catch {
      if error.errno == .exists {
        throw UsageError("file \(path) exists. Remove it first")
      }
      throw error
    }
    return 0
  }

  func features() throws -> Int32 {
    var features = Features()
    features.mountOptions = MountOptions.knownNames
    features.linux.capabilities = CapabilitySet.knownNames
    features.linux.cgroup = Features.Cgroup(v1: true, v2: true, systemd: true, systemdUser: true, rdma: true)
    features.linux.apparmor = true
    features.linux.selinux = true
    features.linux.intelRdt = false
    features.linux.memoryPolicyModes = SpecNames.memoryPolicyModes
    features.linux.memoryPolicyFlags = SpecNames.memoryPolicyFlags
    features.linux.idmapMounts = true
    features.linux.netDevices = true
    var seccomp = Features.Seccomp()
    seccomp.archs = SeccompNames.architectures
    seccomp.knownFlags = SeccompNames.knownFlags
    seccomp.supportedFlags = SeccompNames.supportedFlags
    features.linux.seccomp = seccomp
    // Engines look for runc's name.
    features.annotations = ["org.opencontainers.runc.checkpoint.enabled": "true"]
    // They name directories of the host.
    features.potentiallyUnsafeConfigAnnotations = ["io.swiftcr."]
    return Output.print(features.json.text(indent: "    ") + "\n")
  }
}
