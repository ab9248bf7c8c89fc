internal import Glibc
internal import Kernel

extension Runtime {
  /// Removes what no container needs any more: cached filters, and the container layers that a crash or a reboot left,
  /// of every store.
  ///
  /// - Throws: the first failure, after the others have been tried.
  public func purge() throws(ContainerError) {
    try kernel { () throws(SystemError) in
      let data = try Directories.open(DataDirectory.path)
      try TreeRemoval.remove("seccomp", at: data.number)
    }
    let (_, failures) = try ContainerLayer.reapOrphans()
    for failure in failures.dropFirst() { warn("\(failure)") }
    if let first = failures.first { throw first }
    // The places themselves, where nobody else is: the next container layer makes them again.
    for place in [DataDirectory.containers, DataDirectory.path] { rmdir(place) }
  }
}
