internal import CLinux
internal import Glibc

/// Tells when a container runs out of memory.
///
/// cgroup v1 counts on an eventfd that was handed to `cgroup.event_control`; cgroup v2 changes `memory.events`, which
/// inotify(7) sees.
public struct CgroupMemoryEvents: ~Copyable, Sendable {
  /// Readable when something may have happened: then call ``take()``. -1, which poll(2) passes over, if the container's
  /// cgroup has no memory controller.
  public let number: CInt
  private let source: Source

  private enum Source: Sendable {
    case none
    case legacy(directory: String)
    case unified(file: String)
  }

  /// How often processes had been killed when it was last looked at; cgroup v2 only.
  private var kills: UInt64 = 0

  /// Begins to watch; what happened before is not told.
  public init(_ cgroup: Cgroup) throws(SystemError) {
    (number, source) = try Self.open(cgroup)
    if case .unified(let file) = source { kills = (try? Self.kills(file)) ?? 0 }
  }

  private static func open(_ cgroup: Cgroup) throws(SystemError) -> (CInt, Source) {
    if let directory = cgroup.placement.directory(of: "memory")?.path {
      let number = clinux_event_counter()
      guard number >= 0 else { throw SystemError("make event counter") }
      let counter = Descriptor(adopting: number)
      let file = try Descriptor.open("\(directory)/memory.oom_control", O_RDONLY)
      // The kernel keeps what it needs of both: the file may be closed.
      try writeControl("\(number) \(file.number)", to: "\(directory)/cgroup.event_control")
      return (counter.release(), .legacy(directory: directory))
    }
    guard let file = cgroup.placement.unified.map({ "\($0.path)/memory.events" }), access(file, F_OK) == 0 else {
      return (-1, .none)
    }
    let number = clinux_watch_content(file)
    guard number >= 0 else { throw SystemError("watch", file) }
    return (number, .unified(file: file))
  }

  deinit { if number >= 0 { close(number) } }

  /// Whether the container ran out of memory since the last call.
  public mutating func take() throws(SystemError) -> Bool {
    switch source {
    case .none: return false
    case .legacy(let directory):
      var count: UInt64 = 0
      guard retrying({ read(number, &count, 8) }) == 8 else { return false }
      // The removal of the cgroup counts as one event too.
      return access("\(directory)/cgroup.event_control", F_OK) == 0 || count > 1
    case .unified(let file):
      var buffer: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
      // Only to make it unreadable again: the counter in the file says what happened.
      while withUnsafeMutableBytes(of: &buffer, { read(number, $0.baseAddress, $0.count) }) > 0 {}
      guard let kills = try Self.kills(file), kills > self.kills else { return false }
      self.kills = kills
      return true
    }
  }

  /// nil after the cgroup has gone.
  fileprivate static func kills(_ file: String) throws(SystemError) -> UInt64? {
    let words = try cgroupWords(file)
    guard let index = words.firstIndex(of: "oom_kill"), index + 1 < words.count else { return nil }
    return UInt64(words[index + 1])
  }
}

extension Cgroup {
  /// Whether the kernel has killed a process of it for lack of memory; false if that cannot be told.
  public var hasKilledForMemory: Bool {
    let files = [
      placement.directory(of: "memory").map { "\($0.path)/memory.oom_control" },
      placement.unified.map { "\($0.path)/memory.events" },
    ]
    for case let file? in files {
      if let kills = try? CgroupMemoryEvents.kills(file), kills > 0 { return true }
    }
    return false
  }
}
