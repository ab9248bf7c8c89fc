internal import Glibc
internal import Kernel
internal import OCI

/// A container's state: a file to which one line is added whenever something is about to be, or was, done.
///
/// The first line is the record, complete before anything is made. A line that a crash cut off is ignored: what it
/// would have said has not happened yet, or is found through the record.
struct Journal: ~Copyable {
  private var contents = JournalContents()

  /// `nil` when not even the first line is whole: nothing was made then.
  var record: ContainerRecord? { contents.record }
  var pid: Int32 { contents.pid }
  /// Whether its cgroups are its own: before, and after a reboot, somebody else may have some of those names.
  var hasCgroup: Bool { contents.hasCgroup && record?.bootID == BootID.current }
  var isStarted: Bool { contents.isStarted }
  var isCheckpointed: Bool { contents.isCheckpointed }
  /// Whether this process has begun with the container's hooks: whatever fails from then on, `poststop` follows.
  var hadHooks = false

  /// Annotations may be as long as config.json, and escapes make them longer.
  static let longest = 8 * JSON.defaultLimit

  let id: String
  private let file: Descriptor
  /// The state directory.
  private let directory: CInt

  init(id: String, file: consuming Descriptor, directory: CInt) {
    self.id = id
    self.file = file
    self.directory = directory
  }

  /// Reads what is there.
  mutating func load() throws(ContainerError) {
    let bytes: [UInt8]
    lseek(file.number, 0, SEEK_SET)
    do { bytes = try file.readAll(limit: Self.longest, subject: id) } catch { throw ContainerError(error) }
    contents = try JournalContents(parsing: bytes)
  }

  mutating func write(_ record: ContainerRecord) throws(ContainerError) {
    try append(record.json.bytes() + [UInt8(ascii: "\n")])
    contents.record = record
  }

  mutating func note(pid: Int32) throws(ContainerError) {
    try note(.process(pid: pid, startTime: ProcessHandle.startTime(of: pid) ?? 0))
  }

  mutating func noteStarted() throws(ContainerError) { try note(.started) }

  /// The line begins with a line's end, in case that the last writer did not come to it.
  mutating func note(_ event: ContainerEvent) throws(ContainerError) {
    try append([UInt8(ascii: "\n")] + event.json.bytes() + [UInt8(ascii: "\n")])
    contents.apply(event)
  }

  private func append(_ line: [UInt8]) throws(ContainerError) {
    let number = file.number
    let count = line.withUnsafeBytes { buffer in retrying { Glibc.write(number, buffer.baseAddress, buffer.count) } }
    if count == line.count { return }
    // A file system that is nearly full writes a part, and says nothing.
    throw ContainerError(SystemError("write state of", id, errno: count < 0 ? .last : Errno(ENOSPC)))
  }

  /// Whether another command is changing the container at this moment. Only for a journal that was opened without
  /// the lock: this would give it up.
  func isBusy() -> Bool {
    guard retrying({ flock(file.number, LOCK_SH | LOCK_NB) }) == 0 else { return errno == EWOULDBLOCK }
    flock(file.number, LOCK_UN)
    return false
  }

  /// config.json as the container was made from it.
  func config() throws(ContainerError) -> [UInt8] {
    do throws(SystemError) {
      let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
      let copy = try Descriptor.open("\(id).config.json", flags, at: directory)
      return try copy.readAll(limit: JSON.defaultLimit, subject: "\(id).config.json")
    } catch {
      throw ContainerError(error)
    }
  }

  func keep(config: [UInt8]) throws(ContainerError) {
    let name = "\(id).config.json"
    do throws(SystemError) {
      let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
      let copy = try Descriptor.open(name, flags, mode: 0o600, at: directory)
      try copy.writeAll(config, subject: name)
    } catch {
      unlinkat(directory, name, 0)
      throw ContainerError(error)
    }
  }

  /// The socket on which a created container waits for `start`. A socket's name has 107 bytes at most: the journal's
  /// inode stands for the id, and the open directory for its path.
  var startSocket: String {
    var status = stat()
    fstat(file.number, &status)
    return "/proc/self/fd/\(directory)/\(status.st_ino).start"
  }

  /// The process, if it lives and is still the one that was written down.
  func process() throws(ContainerError) -> ProcessHandle? {
    guard pid > 0, let record, record.bootID == BootID.current else { return nil }
    do { return try ProcessHandle.open(pid: pid, startTime: contents.startTime) } catch { throw ContainerError(error) }
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
    Readiness.remove("/proc/self/fd/\(directory)/\(id).notify")
    unlinkat(directory, "\(id).config.json", 0)
    unlinkat(directory, "\(id).journal", 0)
  }
}

enum BootID {
  /// This boot's id, which no process survives; empty where the kernel does not say.
  static let current: String = {
    guard let bytes = try? readFile("/proc/sys/kernel/random/boot_id", limit: 64) else { return "" }
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }()
}
