internal import Glibc

/// Whether a container's processes may run.
public enum CgroupState: Sendable, Equatable {
  case running
  case paused
}

extension Cgroup {
  /// v1's freezer, else v2's, which every cgroup has since 5.2.
  private var legacyFreezer: String? { placement.directory(of: "freezer").map { "\($0.path)/freezer.state" } }

  /// Whether the container is paused. One that has gone is running: nothing holds it.
  public func state() throws(SystemError) -> CgroupState {
    if let file = legacyFreezer {
      // FREEZING is reported as paused too: somebody has asked for it.
      guard let word = try cgroupWords(file).first, word != "THAWED" else { return .running }
      // Frozen by itself, or only because a parent is?
      let own = try cgroupWords("\(file.dropLast(5))self_freezing").first
      return own == "0" ? .running : .paused
    }
    guard let directory = placement.unified else { return .running }
    return try cgroupWords("\(directory.path)/cgroup.freeze").first == "1" ? .paused : .running
  }

  /// Stops all of the container's processes, and returns when all have stopped. After a failure none is left stopped.
  public func freeze() throws(SystemError) {
    if try processes().contains(getpid()) {
      throw SystemError.refusal("cannot pause: this process is in the container's cgroup itself")
    }
    do throws(SystemError) {
      if let file = legacyFreezer {
        try freezeLegacy(file)
      } else if let directory = placement.unified {
        try freezeUnified(directory.path)
      } else {
        throw SystemError.refusal("cannot pause: no hierarchy has a freezer")
      }
    } catch {
      try? thaw()
      throw error
    }
  }

  /// Lets the processes run again.
  public func thaw() throws(SystemError) {
    if let file = legacyFreezer {
      try writeControl("THAWED", to: file)
    } else if let directory = placement.unified {
      try writeControl("0", to: "\(directory.path)/cgroup.freeze")
    } else {
      throw SystemError.refusal("cannot resume: no hierarchy has a freezer")
    }
  }

  /// v1 may stay in FREEZING for ever while new processes appear. Writing again, and now and then letting all run for a
  /// moment, gets it there.
  private func freezeLegacy(_ file: String) throws(SystemError) {
    for attempt in 1...1000 {
      if attempt.isMultiple(of: 50) {
        try writeControl("THAWED", to: file)
        poll(nil, 0, 10)
      }
      try writeControl("FROZEN", to: file)
      if attempt.isMultiple(of: 10) { poll(nil, 0, 1) }
      let word = try cgroupWords(file).first
      if word == "FROZEN" { return }
      guard word == "FREEZING" else { throw SystemError.refusal("\(file) says \(word ?? "nothing") while freezing") }
    }
    throw SystemError.refusal("unable to freeze: \(file) stays at FREEZING")
  }

  private func freezeUnified(_ path: String) throws(SystemError) {
    try writeControl("1", to: "\(path)/cgroup.freeze")
    guard try Self.waitEvent("frozen", is: "1", in: path, milliseconds: 10_000) else {
      throw SystemError.refusal("unable to freeze: \(path)/cgroup.events says frozen 0 after 10 seconds")
    }
  }

  /// Waits until `cgroup.events` has a value. The kernel wakes poll(2) with POLLPRI when the file changes.
  /// - Returns: false after the time has passed. A cgroup that has gone has every value.
  static func waitEvent(
    _ key: String, is value: String, in path: String, milliseconds: CInt
  ) throws(SystemError) -> Bool {
    let name = "\(path)/cgroup.events"
    let file: Descriptor
    do throws(SystemError) {
      file = try Descriptor.open(name, O_RDONLY)
    } catch {
      if isGone(error.errno) { return true }
      throw error
    }
    var waited: CInt = 0
    while true {
      lseek(file.number, 0, SEEK_SET)
      var words: [String] = []
      do throws(SystemError) {
        words = try file.readAll(limit: 4096, subject: name)
          .split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }.map { String(decoding: $0, as: UTF8.self) }
      } catch {
        if isGone(error.errno) { return true }
        throw error
      }
      if let index = words.firstIndex(of: key), index + 1 < words.count, words[index + 1] == value { return true }
      if waited >= milliseconds { return false }
      // In slices, in case a change came between the read and the poll on a kernel that reports none.
      var request = pollfd(fd: file.number, events: Int16(POLLPRI), revents: 0)
      let slice = min(100, milliseconds - waited)
      if poll(&request, 1, slice) == 0 { waited += slice } else { waited += 1 }
    }
  }
}
