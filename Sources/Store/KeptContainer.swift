internal import Glibc
internal import Kernel
internal import OCI

/// A container of an image: a directory of the store that is a bundle, `kept/ID`.
///
/// ```
/// container.json                   what it is, and what it needs of the store
/// config.json                      the bundle's
/// hosts hostname resolv.conf       mounted over the image's, so never part of the container's layer
/// layer/                           the container layer
/// ```
public struct KeptContainer: ~Copyable, Sendable {
  public let directory: String
  public private(set) var record: KeptRecord
  private let opened: Descriptor

  private init(directory: String, record: KeptRecord, opened: consuming Descriptor) {
    self.directory = directory
    self.record = record
    self.opened = opened
  }

  /// The container layer's directory.
  public var layer: String { directory + "/layer" }
  static let layerName = "layer"

  /// Opens a container.
  ///
  /// - Throws: `isNoContainer` when there is none; for a record that was not written to its end, before a power cut say.
  public init(opening id: String, in layout: StoreLayout) throws(StoreError) {
    guard (try? ContainerID(validating: id)) != nil else { throw .noContainer(id) }
    let path = "\(layout.kept)/\(id)"
    let directory: Descriptor
    do throws(SystemError) {
      directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    } catch {
      throw error.errno == .noEntry ? .noContainer(id) : StoreError(error)
    }
    guard let bytes = try readIfThere("\(path)/\(KeptRecord.fileName)", limit: KeptRecord.longest),
      let json = try? JSON.parse(bytes, limit: KeptRecord.longest), let found = KeptRecord(json), found.id == id
    else { throw StoreError("container \(id) is damaged: \(path)/\(KeptRecord.fileName): remove it with 'rm --force'") }
    self.init(directory: path, record: found, opened: directory)
  }

  /// Makes a container, complete at once, and locked: its first start is part of making it. Under the store's lock, shared
  /// or not.
  ///
  /// - Parameters:
  ///   - config: `config.json`, for nobody else to read: its environment may have secrets.
  ///   - files: the container's own, which its users read.
  /// - Throws: `isConflict` when the id is taken.
  public static func make(
    _ record: KeptRecord, config: [UInt8], files: [(name: String, bytes: [UInt8])], in layout: StoreLayout
  ) throws(StoreError) -> KeptContainer {
    let path = "\(layout.kept)/\(record.id)"
    if access(path, F_OK) == 0 { throw .conflict(record.id) }
    let name = newName("container-\(record.id)")
    let place = "\(layout.making)/\(name)"
    let all = try system { () throws(SystemError) in
      try Directories.make(layout.kept)
      return try Directories.open(layout.making)
    }
    do throws(SystemError) {
      guard mkdir(place, 0o711) == 0 else { throw SystemError("make container", place) }
      let directory = try Descriptor.open(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      // A container that goes with its end goes with the host as well: only what stays is worth the disk's time.
      let syncs = !record.removesOnExit
      for file in files { try write(file.bytes, to: file.name, at: directory.number, mode: 0o644, syncs: syncs) }
      try write(config, to: "config.json", at: directory.number, mode: 0o600, syncs: syncs)
      try write(record.json.bytes(), to: KeptRecord.fileName, at: directory.number, mode: 0o600, syncs: syncs)
      // Before anybody else can see it.
      flock(directory.number, LOCK_EX)
      guard rename(place, path) == 0 else { throw SystemError("make container", path) }
      return KeptContainer(directory: path, record: record, opened: directory)
    } catch {
      try? TreeRemoval.remove(name, at: all.number)
      // Somebody else was faster.
      if error.errno == .exists || error.errno == Errno(ENOTEMPTY) { throw .conflict(record.id) }
      throw StoreError(error)
    }
  }

  /// A name in `making` that nothing has had.
  private static func newName(_ beginning: String) -> String {
    var random = SystemRandomNumberGenerator()
    return "\(beginning)-\(String(random.next() as UInt64, radix: 16))"
  }

  private static func write(
    _ bytes: [UInt8], to name: String, at directory: CInt, mode: mode_t, syncs: Bool
  ) throws(SystemError) {
    let file = try Descriptor.open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode, at: directory)
    // Whatever the umask is: the container's users read these files.
    guard fchmod(file.number, mode) == 0 else { throw SystemError("set mode of", name) }
    try file.writeAll(bytes, subject: name)
    guard !syncs || fdatasync(file.number) == 0 else { throw SystemError("sync", name) }
  }

  /// Waits until nobody else starts or removes it. Held until this value goes.
  ///
  /// - Returns: `false` when it was removed meanwhile.
  public func lock() throws(StoreError) -> Bool {
    let number = opened.number
    guard retrying({ flock(number, LOCK_EX) }) == 0 else {
      throw StoreError(SystemError("lock container", record.id))
    }
    return isThere
  }

  /// The same, at once or not at all.
  public func tryLock() -> Bool { flock(opened.number, LOCK_EX | LOCK_NB) == 0 && isThere }

  private var isThere: Bool {
    var status = stat()
    var named = stat()
    return fstat(opened.number, &status) == 0 && lstat(directory, &named) == 0 && status.st_ino == named.st_ino
  }

  /// Changes the record, whole or not at all.
  public mutating func update(_ change: (inout KeptRecord) -> Void) throws(StoreError) {
    var record = record
    change(&record)
    let temporary = ".\(KeptRecord.fileName)"
    try system { () throws(SystemError) in
      unlinkat(opened.number, temporary, 0)
      try Self.write(record.json.bytes(), to: temporary, at: opened.number, mode: 0o600, syncs: true)
      guard renameat(opened.number, temporary, opened.number, KeptRecord.fileName) == 0 else {
        throw SystemError("write", KeptRecord.fileName)
      }
    }
    self.record = record
  }

  /// The container's directory, when it has no record that can be read.
  public static func isDamaged(_ id: String, in layout: StoreLayout) -> Bool {
    (try? ContainerID(validating: id)) != nil && access("\(layout.kept)/\(id)", F_OK) == 0
  }

  /// All containers' ids, sorted.
  public static func ids(in layout: StoreLayout) throws(StoreError) -> [String] {
    do throws(SystemError) {
      let kept = try Descriptor.open(layout.kept, O_RDONLY | O_DIRECTORY)
      return try Directories.names(in: kept.number, limit: 1 << 20)
        .filter { (try? ContainerID(validating: $0)) != nil }.sorted()
    } catch {
      if error.errno == .noEntry { return [] }
      throw StoreError(error)
    }
  }

  /// Removes a container: out of sight at once, then all that it has.
  ///
  /// - Parameter removeLayer: removes the layer of that name in an open directory, whoever its files belong to.
  public static func remove<Failure: Error>(
    _ id: String, in layout: StoreLayout, removeLayer: (String, CInt) throws(Failure) -> Void
  ) throws {
    guard (try? ContainerID(validating: id)) != nil else { throw StoreError.noContainer(id) }
    let name = newName("removed-\(id)")
    let making = try Directories.open(layout.making)
    guard rename("\(layout.kept)/\(id)", "\(layout.making)/\(name)") == 0 else {
      if errno == ENOENT { return }
      throw StoreError(SystemError("remove container", id))
    }
    let directory = try Descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: making.number)
    try removeLayer(layerName, directory.number)
    try TreeRemoval.remove(name, at: making.number)
  }
}

extension StoreError {
  static func noContainer(_ id: String) -> StoreError { StoreError("No such container: \(id)", errno: .noEntry) }
  static func conflict(_ id: String) -> StoreError {
    StoreError(
      "Conflict. The container name \"/\(id)\" is already in use: remove that container with 'swiftcr rm \(id)', or use "
        + "another name", errno: .exists)
  }

  /// Whether it is only that there is no such container.
  public var isNoContainer: Bool { errno == .noEntry && description.hasPrefix("No such container") }
  /// Whether it is only that the id is taken.
  public var isConflict: Bool { errno == .exists && description.hasPrefix("Conflict") }
}
