public import Glibc

/// The ways into a cgroup, open: what the child of clone3(2) needs to get in. Closed with this value.
public struct CgroupEntrance: ~Copyable, Sendable {
  /// v1: one `tasks` file for each hierarchy, open for writing. The child writes `0` into each. (`cgroup.procs` would do the
  /// same and wait for an RCU grace period, 12 ms on an idle machine.)
  public let tasks: [CInt]
  /// v2: the directory, for `CLONE_INTO_CGROUP`; -1 if there is none.
  public let directory: CInt

  /// No way: the child stays in the caller's cgroup.
  public static var outside: CgroupEntrance { CgroupEntrance(tasks: [], directory: -1) }

  init(tasks: [CInt], directory: CInt) {
    self.tasks = tasks
    self.directory = directory
  }

  deinit {
    for descriptor in tasks { close(descriptor) }
    if directory >= 0 { close(directory) }
  }
}

extension Cgroup {
  /// Opens the ways into the cgroup.
  ///
  /// - Parameter subgroups: for `exec --cgroup`: paths below the container's cgroup, by controller; `""` is for all.
  /// - Throws: `bad sub cgroup path`, `unknown controller`, or the kernel's reason (ENOENT after the container has gone).
  public func entrance(subgroups: [String: String] = [:]) throws(SystemError) -> CgroupEntrance {
    let known = placement.directories.flatMap { $0.controllers }
    for controller in subgroups.keys.sorted() where !controller.isEmpty && !known.contains(controller) {
      throw SystemError.refusal("unknown controller \(controller) in --cgroup")
    }
    var tasks: [CInt] = []
    var unified: CInt = -1
    do throws(SystemError) {
      for directory in placement.directories {
        let named = directory.controllers.first { subgroups[$0] != nil }
        let path = try Self.below(directory.path, subgroups[named ?? ""] ?? "")
        if directory.isUnified {
          unified = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).release()
        } else {
          tasks.append(try Descriptor.open("\(path)/tasks", O_WRONLY | O_NOFOLLOW).release())
        }
      }
    } catch {
      for descriptor in tasks { close(descriptor) }
      if unified >= 0 { close(unified) }
      throw error
    }
    return CgroupEntrance(tasks: tasks, directory: unified)
  }

  /// On v2, the cgroup that a process of the container is in. `exec` goes there when the container's own cgroup takes no
  /// processes any more (EBUSY: the container has given controllers to cgroups of its own) or has gone (ENOENT).
  /// - Returns: `nil` where that cannot be: on v1 and hybrid hosts.
  public func entrance(besides process: pid_t) throws(SystemError) -> CgroupEntrance? {
    guard placement.layout == .unified, let directory = placement.unified else { return nil }
    let file = "/proc/\(process)/cgroup"
    let memberships = try parseMemberships(readFile(file, limit: 1 << 16))
    guard let own = memberships.first(where: { $0.controllers.isEmpty })?.path, own != "/" else { return nil }
    let opened = try Descriptor.open(directory.mountPoint + own, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    return CgroupEntrance(tasks: [], directory: opened.release())
  }

  private static func below(_ path: String, _ sub: String) throws(SystemError) -> String {
    if sub.isEmpty { return path }
    let components = pathComponents(sub)
    if components.contains("..") || sub.utf8.contains(0) { throw SystemError.refusal("bad sub cgroup path: \(sub)") }
    return ([path] + components.filter { $0 != "." }).joined(separator: "/")
  }
}
