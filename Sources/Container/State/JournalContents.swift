internal import OCI

/// Something that happened to a container after its record was written: one line of its journal.
enum ContainerEvent: Sendable, Equatable {
  /// Its cgroups are made, and nobody else's: from here on what is in them is the container's.
  case cgroup
  /// Its first process is there, and waits for `start`.
  case process(pid: Int32, startTime: UInt64)
  /// The user's program was let go.
  case started
  /// It was saved, and ended: its layer waits for `restore`.
  case checkpointed

  var json: JSON {
    switch self {
    case .process(let pid, let startTime):
      .object([
        JSON.Member("pid", .integer(Int64(pid))), JSON.Member("startTime", .integer(Int64(clamping: startTime))),
      ])
    case .cgroup: .object([JSON.Member("cgroup", .bool(true))])
    case .started: .object([JSON.Member("started", .bool(true))])
    case .checkpointed: .object([JSON.Member("checkpointed", .bool(true))])
    }
  }

  init?(json: JSON) {
    if let pid = json["pid"]?.integer.flatMap({ Int32(exactly: $0) }), pid > 0,
      let startTime = json["startTime"]?.integer.flatMap({ UInt64(exactly: $0) })
    {
      self = .process(pid: pid, startTime: startTime)
    } else if json["cgroup"] == .bool(true) {
      self = .cgroup
    } else if json["started"] == .bool(true) {
      self = .started
    } else if json["checkpointed"] == .bool(true) {
      self = .checkpointed
    } else {
      return nil
    }
  }
}

/// All that a journal says.
struct JournalContents: Sendable, Equatable {
  /// `nil` when not even the first line is whole: nothing was made then.
  var record: ContainerRecord?
  var pid: Int32 = 0
  var startTime: UInt64 = 0
  var hasCgroup = false
  var isStarted = false
  var isCheckpointed = false

  init() {}

  /// Reads the record's line, then one for each event.
  ///
  /// Only a line with its end counts. A writer that dies, or a full disk, leaves a piece of one: the next event begins
  /// on a line of its own, so that a piece damages nothing but itself (one that lacks only its end has it from then on).
  ///
  /// - Throws: when a newer program wrote the record: what it made cannot be known.
  init(parsing bytes: [UInt8]) throws(ContainerError) {
    var rest = bytes[...]
    var isFirst = true
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[..<end]
      rest = rest[(end + 1)...]
      let json = line.isEmpty ? nil : try? JSON.parse(Array(line), limit: Journal.longest)
      if isFirst {
        isFirst = false
        if let version = json?["version"]?.integer, version > ContainerRecord.version {
          throw ContainerError("read state: a newer version of this program wrote it, use that one")
        }
        record = json.flatMap { ContainerRecord($0) }
        // Events without a record are no container's.
        if record == nil { return }
      } else if let json, let event = ContainerEvent(json: json) {
        apply(event)
      }
    }
  }

  mutating func apply(_ event: ContainerEvent) {
    switch event {
    case .process(let pid, let startTime): (self.pid, self.startTime, isCheckpointed) = (pid, startTime, false)
    case .cgroup: hasCgroup = true
    case .started: isStarted = true
    case .checkpointed: (isCheckpointed, hasCgroup) = (true, false)
    }
  }
}
