internal import Glibc
internal import Kernel

/// Where CRIU finds cgroup v2 (its `--cgroup-yard`) while it dumps: a directory with the link `unified`.
///
/// Left to itself it mounts cgroup v2 without options, and those are one and the same for all of its mounts: the host
/// would lose its `nsdelegate` and `memory_recursiveprot`.
struct CgroupYard: ~Copyable {
  /// Absolute; `nil` on a host with cgroup v1, which CRIU may mount.
  let path: String?

  init(_ placement: CgroupPlacement, in directory: String) throws(ContainerError) {
    guard placement.layout == .unified, let target = placement.unified?.mountPoint else {
      path = nil
      return
    }
    guard let resolved = realpath(directory, nil) else { throw ContainerError(SystemError("resolve", directory)) }
    defer { free(resolved) }
    let path = "\(String(cString: resolved))/swiftcr-cgroups"
    try kernel { () throws(SystemError) in
      try Directories.make(path)
      guard symlink(target, "\(path)/unified") == 0 || errno == EEXIST else {
        throw SystemError("make link", "\(path)/unified")
      }
    }
    self.path = path
  }

  /// For a restore: its processes look for the cgroup when their root is the container's already, where a link would lead
  /// elsewhere. Only the caller's mount namespace has this.
  static func mounted(_ placement: CgroupPlacement, in staging: String) throws(ContainerError) -> String? {
    guard placement.layout == .unified, let source = placement.unified?.mountPoint else { return nil }
    let path = "\(staging)/cgroups"
    try kernel { () throws(SystemError) in
      try Directories.make("\(path)/unified")
      try DetachedMount.clone(source, recursive: false).attach("\(path)/unified")
    }
    return path
  }

  deinit {
    guard let path else { return }
    unlink("\(path)/unified")
    rmdir(path)
  }
}
