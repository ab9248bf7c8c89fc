internal import Glibc

extension Cgroup {
  /// Removes the container's directories and those that it made below them, never one above. What has gone is no failure.
  ///
  /// - Parameter killing: kill the processes that are still inside; without it they make it fail with EBUSY.
  /// - Throws: the first directory that could not be removed, after all the others were tried.
  public func remove(killing: Bool = true) throws(SystemError) {
    var rest: [CgroupPlacement.Directory] = []
    var failure: SystemError?
    for directory in placement.directories where rmdir(directory.path) != 0 {
      // EROFS comes before ENOENT on a read-only mount.
      let reason = Errno.last
      if reason == .busy {
        rest.append(directory)
      } else if reason != .noEntry && access(directory.path, F_OK) == 0 {
        failure = failure ?? SystemError("remove cgroup", directory.path, errno: reason)
      }
    }
    if rest.isEmpty {
      if let failure { throw failure }
      return
    }
    if killing { try kill(SIGKILL) }
    for directory in rest {
      do throws(SystemError) {
        try Self.removeTree(directory, killing: killing)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// A process that was killed leaves its cgroup when it exits, which takes its time: two seconds at most.
  private static func removeTree(
    _ directory: CgroupPlacement.Directory, killing: Bool
  ) throws(SystemError) {
    let path = directory.path
    var pause: CInt = 1
    var waited: CInt = 0
    while true {
      do throws(SystemError) {
        try CgroupTree.walk(
          path, enter: { (_) throws(SystemError) in },
          leave: { (parent, name) throws(SystemError) in
            _ = name.withUnsafeBufferPointer { name in name.baseAddress.map { unlinkat(parent, $0, AT_REMOVEDIR) } }
          })
      } catch {
        guard isGone(error.errno) else { throw error }
      }
      if rmdir(path) == 0 || errno == ENOENT { return }
      guard errno == EBUSY, waited < 2000, killing else { throw SystemError("remove cgroup", path) }
      if directory.isUnified {
        // Empty does not mean without children: those are removed in the next round.
        _ = try waitEvent("populated", is: "0", in: path, milliseconds: pause)
      } else {
        poll(nil, 0, pause)
      }
      waited += pause
      pause = min(pause * 2, 100)
      if waited > 15 { try signalEach(SIGKILL, in: path) }
    }
  }
}
