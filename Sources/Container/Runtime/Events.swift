internal import Kernel
public import OCI

/// What `events` tells of a container.
public enum ContainerEvents: Sendable, Equatable {
  case statistics(Statistics)
  /// It ran out of memory.
  case outOfMemory

  /// One line of `events`' output, in runc's form.
  public func json(id: String) -> JSON {
    switch self {
    case .statistics(let statistics):
      .object([
        JSON.Member("type", .string("stats")), JSON.Member("id", .string(id)), JSON.Member("data", statistics.json),
      ])
    case .outOfMemory: .object([JSON.Member("type", .string("oom")), JSON.Member("id", .string(id))])
    }
  }
}

extension Runtime {
  /// What a container that has not stopped uses at this moment.
  public func statistics(_ id: String) throws(ContainerError) -> Statistics {
    let journal = try store.open(id, lock: false)
    let cgroup = try livingCgroup(journal)
    return try kernel { () throws(SystemError) in try cgroup.statistics() }
  }

  /// `events`: tells what a container uses, at intervals, and each time when it runs out of memory, until it ends.
  ///
  /// - Parameters:
  ///   - interval: in milliseconds; the first figures come when it has passed once.
  ///   - tell: returns false when nobody listens any more.
  public func events(
    _ id: String, interval: Int32, tell: (ContainerEvents) -> Bool
  ) throws(ContainerError) {
    let journal = try store.open(id, lock: false)
    let cgroup = try livingCgroup(journal)
    guard let process = try journal.process() else { throw Self.notRunning(id) }
    var memory = try kernel { () throws(SystemError) in try CgroupMemoryEvents(cgroup) }
    if memory.number < 0 { warn("no memory controller: nobody hears of it when container \(id) runs out of memory") }
    var next = Deadline(milliseconds: interval)
    while true {
      let ready = try kernel { () throws(SystemError) in
        try waitReadable([process.pidfd.number, memory.number], timeout: next.remaining)
      }
      // Also when it has ended: lack of memory is what containers often end of.
      if ready[0] || ready[1] {
        let happened: Bool
        do throws(SystemError) { happened = try memory.take() } catch { throw ContainerError(error) }
        if happened, !tell(.outOfMemory) { return }
      }
      if ready[0] { return }
      guard next.remaining == 0 else { continue }
      next = Deadline(milliseconds: interval)
      do throws(SystemError) {
        if !tell(.statistics(try cgroup.statistics())) { return }
      } catch {
        warn("\(error)")
      }
    }
  }

  private func livingCgroup(_ journal: borrowing Journal) throws(ContainerError) -> Cgroup {
    guard try journal.process() != nil, let record = journal.record else { throw Self.notRunning(journal.id) }
    guard let cgroup = try cgroup(of: record) else { throw Self.noCgroup("events", journal.id) }
    return cgroup
  }

  private static func notRunning(_ id: String) -> ContainerError {
    ContainerError("container with id \(id) is not running")
  }
}
