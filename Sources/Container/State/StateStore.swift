internal import Glibc
internal import Kernel
public import OCI

/// The directory with the journals of all containers (`--root`).
///
/// Files only, no directory for each container: on ext4, making one costs as much as ten files.
public final class StateStore: Sendable {
  public let path: String
  /// Everything in the store is done relative to this: the path is resolved once.
  let directory: Descriptor

  static let journalSuffix = ".journal"
  static let configSuffix = ".config.json"
  /// The longest id whose files have names that a file system takes (NAME_MAX).
  static let longestID = 255 - configSuffix.utf8.count
  /// Containers in one store; more are no use of this program, but an attack on it.
  static let most = 1 << 20

  /// What else may happen to the container while its journal is open.
  public enum Lock: Sendable {
    /// Anything: for `state` and `list`, which must work during a creation, and from hooks.
    case none
    /// Nothing: waits for others.
    case exclusive
    /// Nothing: fails when another command is at work.
    case exclusiveNow
  }

  /// Opens a store, made first with mode 0700 if there is none.
  ///
  /// - Throws: when the directory is another's, or others may write to it.
  public init(path: String) throws(ContainerError) {
    self.path = path
    directory = try PrivateDirectory.open(path)
  }

  /// Where the store is when the command line does not say it: `/run/swiftcr`, without root `swiftcr` in
  /// `XDG_RUNTIME_DIR`.
  ///
  /// - Throws: when that is not set: there is no other place that a reboot empties and nobody else can write to.
  public static func defaultPath(
    rootless: Bool, environment: (String) -> String?
  ) throws(ContainerError) -> String {
    guard rootless else { return "/run/swiftcr" }
    guard let own = PrivateDirectory.absolute(environment("XDG_RUNTIME_DIR")) else {
      throw ContainerError("find", "state directory", "XDG_RUNTIME_DIR is not set: set it, or give --root")
    }
    return own + "/swiftcr"
  }

  /// Takes the record's id and writes the record, before anything of the container is made.
  ///
  /// - Returns: the journal, with its lock held until it goes.
  /// - Throws: `container with given ID already exists`, runc's words.
  public func reserve(_ record: ContainerRecord) throws(ContainerError) -> Journal {
    let name = try journalName(record.id)
    let flags = O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW
    while true {
      let file: Descriptor
      do throws(SystemError) {
        file = try Descriptor.open(name, flags, mode: 0o600, at: directory.number)
      } catch {
        if error.errno == .exists { throw ContainerError("container with given ID already exists", cause: error) }
        throw ContainerError("create state of", record.id.value, error.errno.description, cause: error)
      }
      try Self.lock(file.number, LOCK_EX, record.id)
      // `delete --force` may have come in between, and taken an empty journal for what a crash left.
      guard try Self.isLinked(file.number, record.id) else { continue }
      let journal = Journal(id: record.id, store: self, file: file)
      do throws(ContainerError) {
        try journal.write(record: record)
      } catch {
        unlinkat(directory.number, name, 0)
        throw error
      }
      return journal
    }
  }

  /// Opens a container's journal.
  ///
  /// - Throws: `container does not exist`, runc's words.
  public func open(_ id: ContainerID, lock: Lock) throws(ContainerError) -> Journal {
    let name = try journalName(id)
    while true {
      let file: Descriptor
      do throws(SystemError) {
        // O_NONBLOCK: a FIFO in its place must not hold up the command.
        file = try Descriptor.open(name, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK, at: directory.number)
      } catch {
        if error.errno == .noEntry { throw ContainerError("container does not exist", cause: error) }
        throw ContainerError("open state of", id.value, error.errno.description, cause: error)
      }
      var status = stat()
      guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() else {
        throw ContainerError("open state of", id.value, "it is no file of this user")
      }
      switch lock {
      case .none: return Journal(id: id, store: self, file: file)
      case .exclusive: try Self.lock(file.number, LOCK_EX, id)
      case .exclusiveNow: try Self.lock(file.number, LOCK_EX | LOCK_NB, id)
      }
      // Deleted while this waited for the lock: another container may have the name by now.
      if try Self.isLinked(file.number, id) { return Journal(id: id, store: self, file: file) }
    }
  }

  /// The ids of all containers, sorted; names of other things are passed over.
  public func list() throws(ContainerError) -> [ContainerID] {
    let names = try translating { () throws(SystemError) in
      try Directories.names(in: directory.number, limit: 4 * Self.most)
    }
    var ids: [ContainerID] = []
    for name in names where name.hasSuffix(Self.journalSuffix) {
      let text = String(name.dropLast(Self.journalSuffix.count))
      if let id = try? ContainerID(validating: text) { ids.append(id) }
    }
    return ids.sorted { $0.value.utf8.lexicographicallyPrecedes($1.value.utf8) }
  }

  private func journalName(_ id: ContainerID) throws(ContainerError) -> String {
    guard id.value.utf8.count <= Self.longestID else {
      throw ContainerError("invalid container ID format: longer than \(Self.longestID) bytes")
    }
    return id.value + Self.journalSuffix
  }

  private static func lock(_ file: CInt, _ operation: CInt, _ id: ContainerID) throws(ContainerError) {
    if retrying({ flock(file, operation) }) == 0 { return }
    let error = SystemError("lock state of", id.value)
    guard error.errno.code == EWOULDBLOCK else { throw ContainerError(error) }
    throw ContainerError("lock state of", id.value, "another command is at work on it: try again", cause: error)
  }

  /// Whether a journal still has its name: it is taken away once, and for good.
  private static func isLinked(_ file: CInt, _ id: ContainerID) throws(ContainerError) -> Bool {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw ContainerError(SystemError("look at state of", id.value)) }
    return status.st_nlink > 0
  }
}
