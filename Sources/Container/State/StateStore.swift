internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

/// The directory of all containers' journals.
public struct StateStore: ~Copyable {
  private let directory: Descriptor
  private let path: String

  /// `/run/swiftcr`, or below XDG_RUNTIME_DIR for a user.
  public static var defaultRoot: String {
    guard Caller.hasOwnDirectories else { return "/run/swiftcr" }
    guard let runtime = getenv("XDG_RUNTIME_DIR") else { return "/tmp/swiftcr-\(geteuid())" }
    return String(cString: runtime) + "/swiftcr"
  }

  /// Opens the directory, made with its parents when missing.
  ///
  /// - Throws: also when others may write to it: they could plant a container.
  public init(root: String) throws(ContainerError) {
    let opened = try kernel { () throws(SystemError) in try Directories.open(root) }
    var status = stat()
    guard fstat(opened.number, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
      throw ContainerError("state directory \(root): must belong to the caller and be writable by nobody else")
    }
    directory = opened
    path = root
  }

  /// Takes an id: from now on nobody else gets it. The lock is held until the journal goes.
  func reserve(_ id: String) throws(ContainerError) -> Journal {
    let name = try journalName(id)
    while true {
      let file: Descriptor
      do throws(SystemError) {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW
        file = try Descriptor.open(name, flags, mode: 0o600, at: directory.number)
      } catch {
        throw error.errno == .exists ? .inUse : ContainerError(error)
      }
      try Self.lock(file.number, id)
      // A `delete --force` may have come in between, and taken an empty journal for what a crash left.
      guard try Self.isLinked(file.number, id) else { continue }
      return Journal(id: id, file: file, directory: directory.number)
    }
  }

  /// Opens a container's journal.
  ///
  /// - Parameter lock: waits until no other command changes the container.
  func open(_ id: String, lock: Bool) throws(ContainerError) -> Journal {
    var journal = Journal(
      id: id, file: try opened(id, lock: lock), directory: directory.number)
    try journal.load()
    return journal
  }

  private func opened(_ id: String, lock: Bool) throws(ContainerError) -> Descriptor {
    let name = try journalName(id)
    while true {
      let file: Descriptor
      do throws(SystemError) {
        // O_NONBLOCK: a FIFO in its place must not hold up the command.
        file = try Descriptor.open(name, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK, at: directory.number)
      } catch {
        throw error.errno == .noEntry ? .notFound : ContainerError(error)
      }
      var status = stat()
      guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() else {
        throw ContainerError("open state of \(id): it is no file of this user")
      }
      guard lock else { return file }
      try Self.lock(file.number, id)
      // Deleted while this waited, and perhaps made again.
      if try Self.isLinked(file.number, id) { return file }
    }
  }

  /// All containers' ids, sorted; names of other things are passed over.
  func ids() throws(ContainerError) -> [String] {
    let names = try kernel { () throws(SystemError) in
      try Directories.names(in: directory.number, limit: Self.most)
    }
    var ids: [String] = []
    for name in names where name.hasSuffix(Self.suffix) {
      let id = String(name.dropLast(Self.suffix.utf8.count))
      if (try? ContainerID(validating: id)) != nil { ids.append(id) }
    }
    return ids.sorted()
  }

  /// The directory with the socket on which a container says that it is ready; absolute, for a mount.
  func readiness(of id: String) throws(ContainerError) -> String {
    guard let resolved = realpath(path, nil) else { throw ContainerError(SystemError("resolve", path)) }
    defer { free(resolved) }
    return "\(String(cString: resolved))/\(id).notify"
  }

  private static let suffix = ".journal"
  /// The longest id whose files have names that a file system takes (NAME_MAX).
  static let longestID = 255 - ".config.json".utf8.count
  /// Files in one store, four for a container: more are an attack.
  static let most = 1 << 20

  /// Ids come from command lines: `../x` is none.
  private func journalName(_ id: String) throws(ContainerError) -> String {
    do { _ = try ContainerID(validating: id) } catch { throw ContainerError("\(error)") }
    guard id.utf8.count <= Self.longestID else {
      throw ContainerError("invalid container ID format: longer than \(Self.longestID) bytes")
    }
    return id + Self.suffix
  }

  private static func lock(_ file: CInt, _ id: String) throws(ContainerError) {
    guard retrying({ flock(file, LOCK_EX) }) == 0 else { throw ContainerError(SystemError("lock state of", id)) }
  }

  /// Whether a journal still has its name: it is taken away once, and for good.
  private static func isLinked(_ file: CInt, _ id: String) throws(ContainerError) -> Bool {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw ContainerError(SystemError("read state of", id)) }
    return status.st_nlink > 0
  }

  /// What marks a layer as one of this store's containers.
  func layerOwner() -> LayerOwner? { LayerOwner(store: directory.number, path: path) }
}
