internal import Glibc

extension Cgroup {
  /// What came of a request to free memory.
  public enum Reclaimed: Sendable, Equatable {
    /// As much as was asked for.
    case all
    /// Less: the rest is in use, or cannot be swapped out.
    case less
    /// cgroup v1 knows no amounts: everything was freed that could be.
    case everything
  }

  /// Frees memory of the container: drops what can be read again, and swaps out the rest.
  ///
  /// - Parameter bytes: how much; cgroup v1 frees as much as it can instead (`memory.force_empty`).
  /// - Throws: a refusal without a memory controller, and before Linux 5.19 on cgroup v2.
  public func reclaim(_ bytes: Int64) throws(SystemError) -> Reclaimed {
    if let directory = placement.directory(of: "memory")?.path {
      try writeControl("0", to: "\(directory)/memory.force_empty")
      return .everything
    }
    guard let directory = placement.unified?.path, access("\(directory)/memory.current", F_OK) == 0 else {
      throw SystemError.refusal("cannot reclaim: the container's cgroup has no memory controller")
    }
    do throws(SystemError) {
      try writeControl("\(bytes)", to: "\(directory)/memory.reclaim")
      return .all
    } catch {
      if error.errno == .again { return .less }
      guard error.errno == .noEntry else { throw error }
      throw SystemError.refusal("cannot reclaim: cgroup v2 needs Linux 5.19 for it (memory.reclaim)")
    }
  }
}
