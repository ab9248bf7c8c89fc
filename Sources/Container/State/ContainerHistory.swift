public import OCI

/// Something that happened to a container after its record was written: one line of its journal.
public enum ContainerEvent: Sendable, Equatable {
  /// Its first process is there, and waits for `start`.
  case process(ProcessID)
  /// The user's program was let go.
  case started
  /// Its first process ended, with this code.
  case exited(Int32)

  var json: JSON {
    switch self {
    case .process(let process): process.json
    case .started: .object([JSON.Member("started", .bool(true))])
    case .exited(let code): .object([JSON.Member("exited", .integer(Int64(code)))])
    }
  }

  init?(json: JSON) {
    if let process = ProcessID(json: json) {
      self = .process(process)
    } else if json["started"] == .bool(true) {
      self = .started
    } else if let code = json["exited"]?.integer.flatMap({ Int32(exactly: $0) }) {
      self = .exited(code)
    } else {
      return nil
    }
  }
}

/// All that a journal says.
public struct ContainerHistory: Sendable, Equatable {
  public var record: ContainerRecord
  /// The container's first process, once it was made.
  public var process: ProcessID?
  public var isStarted = false
  /// What the first process ended with, if somebody was there to see it.
  public var exitCode: Int32?

  public init(record: ContainerRecord) { self.record = record }

  /// Where the container is in its life, but for `paused`, which only its cgroup knows: the caller makes that of
  /// `running`.
  ///
  /// - Throws: when the host's boot cannot be told.
  public func status() throws(ContainerError) -> ContainerState.Status {
    status(bootID: try Boot.id()) { $0.isAlive }
  }

  /// The same, with the facts about the host given.
  func status(bootID: String, isAlive: (ProcessID) -> Bool) -> ContainerState.Status {
    guard bootID == record.bootID, exitCode == nil else { return .stopped }
    // Whoever creates it does not come back after its death: what it has made by then is to be deleted.
    guard let process else { return isAlive(record.runtime) ? .creating : .stopped }
    guard isAlive(process) else { return .stopped }
    return isStarted ? .running : .created
  }

  /// What `state` prints and hooks are told.
  ///
  /// - Parameter owner: the name of the user with the uid `record.ownerID`.
  public func state(_ status: ContainerState.Status, owner: String = "") -> ContainerState {
    ContainerState(
      id: record.id.value, status: status, pid: status == .stopped ? 0 : process?.pid ?? 0, bundle: record.bundle,
      annotations: record.annotations, rootfs: record.rootfs, created: record.created, owner: owner)
  }

  mutating func apply(_ event: ContainerEvent) {
    switch event {
    case .process(let process): self.process = process
    case .started: isStarted = true
    case .exited(let code): exitCode = code
    }
  }

  /// Reads a journal: the record's line, then one for each event.
  ///
  /// Only a line with its end counts. A writer that dies, or a full disk, leaves a piece of one: the next event begins
  /// on a line of its own, so that a piece damages nothing but itself.
  ///
  /// - Returns: `nil` when the record is not complete: its container was never begun.
  /// - Throws: when a newer program wrote it.
  static func parse(_ journal: [UInt8]) throws(ContainerError) -> ContainerHistory? {
    var history: ContainerHistory?
    var rest = journal[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[..<end]
      rest = rest[(end + 1)...]
      let json = line.isEmpty ? nil : try? JSON.parse(Array(line), limit: Journal.longest)
      if history != nil {
        if let json, let event = ContainerEvent(json: json) { history?.apply(event) }
        continue
      }
      guard let json else { return nil }
      guard let version = json["version"]?.integer, version <= ContainerRecord.version else {
        throw ContainerError(
          "read state of", json["id"]?.string ?? "", "a newer version of this program wrote it: use that one")
      }
      guard let record = ContainerRecord(json: json) else { return nil }
      history = ContainerHistory(record: record)
    }
    return history
  }
}
