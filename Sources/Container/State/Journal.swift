internal import Glibc
internal import Kernel
internal import OCI

/// A container's state: a file to which one line is added whenever something is about to be, or was, done.
///
/// The first line is the record, complete before anything is made. A line that a crash cut off is ignored: what it
/// would have said has not happened yet, or is found through the record.
struct Journal: ~Copyable {
  /// `nil` when not even the first line is whole: nothing was made then.
  private(set) var record: ContainerRecord?
  private(set) var pid: Int32 = 0
  private(set) var startTime: UInt64 = 0
  private(set) var isStarted = false

  let id: String
  private let file: Descriptor
  /// The state directory.
  private let directory: CInt
  private let directoryPath: String

  init(id: String, file: consuming Descriptor, directory: CInt, directoryPath: String) {
    self.id = id
    self.file = file
    self.directory = directory
    self.directoryPath = directoryPath
  }

  /// Reads what is there.
  mutating func load() throws(ContainerError) {
    let bytes: [UInt8]
    do { bytes = try file.readAll(limit: 8 << 20, subject: id) } catch { throw ContainerError(error) }
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // What follows the last newline was cut off, or is nothing.
    if !lines.isEmpty { lines.removeLast() }
    for (index, line) in lines.enumerated() {
      guard let json = try? JSON.parse(Array(line)) else { continue }
      if index == 0 { record = ContainerRecord(json) }
      if let pid = json["pid"]?.integer, let time = json["startTime"]?.integer {
        (self.pid, startTime) = (Int32(clamping: pid), UInt64(clamping: time))
      }
      if json["started"] != nil { isStarted = true }
    }
  }

  mutating func write(_ record: ContainerRecord) throws(ContainerError) {
    try append(record.json)
    self.record = record
  }

  mutating func note(pid: Int32) throws(ContainerError) {
    startTime = ProcessHandle.startTime(of: pid) ?? 0
    self.pid = pid
    try append(
      .object([JSON.Member("pid", .integer(Int64(pid))), JSON.Member("startTime", .integer(Int64(startTime)))]))
  }

  mutating func noteStarted() throws(ContainerError) {
    try append(.object([JSON.Member("started", .bool(true))]))
    isStarted = true
  }

  private func append(_ json: JSON) throws(ContainerError) {
    do throws(SystemError) {
      try file.writeAll(json.bytes() + [UInt8(ascii: "\n")], subject: "state of \(id)")
    } catch {
      throw ContainerError(error)
    }
  }

  /// config.json as the container was made from it.
  func config() throws(ContainerError) -> [UInt8] {
    do { return try readFile("\(id).config.json", limit: JSON.defaultLimit, at: directory) } catch {
      throw ContainerError(error)
    }
  }

  func keep(config: [UInt8]) throws(ContainerError) {
    do throws(SystemError) {
      let copy = try Descriptor.open(
        "\(id).config.json", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600, at: directory)
      try copy.writeAll(config, subject: "\(id).config.json")
    } catch {
      throw ContainerError(error)
    }
  }

  /// The socket on which a created container waits for `start`. The id may be longer than a socket's name: the
  /// journal's inode stands for it.
  var startSocket: String {
    var status = stat()
    fstat(file.number, &status)
    return "\(directoryPath)/\(status.st_ino).start"
  }

  /// The process, if it lives and is still the one that was written down.
  func process() throws(ContainerError) -> ProcessHandle? {
    guard pid > 0, let record, record.bootID == BootID.current else { return nil }
    do { return try ProcessHandle.open(pid: pid, startTime: startTime) } catch { throw ContainerError(error) }
  }

  /// Lets other commands change the container, while a foreground run waits.
  func unlock() { flock(file.number, LOCK_UN) }

  /// Takes the lock again.
  /// - Returns: false if somebody has deleted the container meanwhile: its id may be another one's by now.
  func relock() -> Bool {
    let number = file.number
    guard retrying({ flock(number, LOCK_EX) }) == 0 else { return false }
    var ours = stat()
    var named = stat()
    return fstat(number, &ours) == 0 && fstatat(directory, "\(id).journal", &named, AT_SYMLINK_NOFOLLOW) == 0
      && ours.st_ino == named.st_ino
  }

  /// Forgets the container; the journal goes last.
  func remove() {
    unlink(startSocket)
    unlinkat(directory, "\(id).config.json", 0)
    unlinkat(directory, "\(id).journal", 0)
  }
}

enum BootID {
  /// This boot's id; empty where the kernel does not say.
  static var current: String {
    guard let bytes = try? readFile("/proc/sys/kernel/random/boot_id", limit: 64) else { return "" }
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}
