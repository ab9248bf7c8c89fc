internal import Glibc
public import Kernel
public import OCI

/// A container's journal: the file that is its name's reservation, its lock, and all that is known about it.
///
/// It is only ever appended to, so it can be read without the lock; and it is the last thing of a container that goes.
public struct Journal: ~Copyable {
  public let id: ContainerID
  private let store: StateStore
  private let file: Descriptor

  /// Annotations may be as long as config.json, and escapes make them longer.
  static let longest = 64 << 20

  init(id: ContainerID, store: StateStore, file: consuming Descriptor) {
    self.id = id
    self.store = store
    self.file = file
  }

  /// Reads everything that was written so far.
  ///
  /// - Returns: `nil` when the record is incomplete. With the lock held that means that its writer died, and that
  ///   nothing but the journal was made: `remove()` takes it away. Without the lock it may just be being written.
  public func load() throws(ContainerError) -> ContainerHistory? {
    guard lseek(file.number, 0, SEEK_SET) == 0 else { throw ContainerError(SystemError("read state of", id.value)) }
    let bytes = try translating { () throws(SystemError) in
      try file.readAll(limit: Self.longest, subject: id.value + StateStore.journalSuffix)
    }
    return try ContainerHistory.parse(bytes)
  }

  /// Writes down what happened; the lock is to be held.
  ///
  /// - Throws: when it cannot be written, on a full disk say; the journal is as it was then.
  public func append(_ event: ContainerEvent) throws(ContainerError) {
    // The line's beginning is a line's end, in case that the last writer did not come to it.
    try write([UInt8(ascii: "\n")] + event.json.bytes() + [UInt8(ascii: "\n")])
  }

  func write(record: ContainerRecord) throws(ContainerError) {
    try write(record.json.bytes() + [UInt8(ascii: "\n")])
  }

  private func write(_ line: [UInt8]) throws(ContainerError) {
    let count = line.withUnsafeBytes { buffer in
      retrying { Glibc.write(file.number, buffer.baseAddress, buffer.count) }
    }
    if count == line.count { return }
    // write(2) of a part, without an error, is what a file system does that is nearly full.
    throw ContainerError(SystemError("write state of", id.value, errno: count < 0 ? .last : Errno(ENOSPC)))
  }

  /// Makes the FIFO that `start` opens to let the container go.
  public func makeStartFIFO() throws(ContainerError) {
    guard mkfifoat(store.directory.number, startName, 0o600) == 0 else {
      throw ContainerError(SystemError("make start FIFO of", id.value))
    }
  }

  /// Opens the start FIFO; `ENXIO` for writing with `O_NONBLOCK` is that nobody waits at it.
  public func openStartFIFO(_ flags: Int32) throws(ContainerError) -> Descriptor {
    let fifo = try translating { () throws(SystemError) in
      try Descriptor.open(startName, flags | O_NOFOLLOW, at: store.directory.number)
    }
    var status = stat()
    guard fstat(fifo.number, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else {
      throw ContainerError("open start FIFO of", id.value, "it is no FIFO")
    }
    return fifo
  }

  /// Removes the start FIFO; nothing there is no error.
  public func removeStartFIFO() throws(ContainerError) { try remove(startName) }

  /// Keeps config.json for `exec`: the bundle's own may have changed by then.
  ///
  /// - Throws: also when there is not enough space for it; nothing is left of it then.
  public func saveConfig(_ config: [UInt8]) throws(ContainerError) {
    do throws(SystemError) {
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
      let copy = try Descriptor.open(configName, flags, mode: 0o600, at: store.directory.number)
      try copy.writeAll(config, subject: configName)
    } catch {
      unlinkat(store.directory.number, configName, 0)
      throw ContainerError(error)
    }
  }

  /// What `saveConfig` kept.
  public func loadConfig() throws(ContainerError) -> [UInt8] {
    try translating { () throws(SystemError) in
      let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
      let copy = try Descriptor.open(configName, flags, at: store.directory.number)
      return try copy.readAll(limit: JSON.defaultLimit, subject: configName)
    }
  }

  /// Forgets the container, whose parts are gone already; its name is free after this.
  ///
  /// The journal goes last: as long as it is there, a crash leaves something that `delete` can be called on.
  public consuming func remove() throws(ContainerError) {
    try remove(startName)
    try remove(configName)
    try remove(id.value + StateStore.journalSuffix)
  }

  private func remove(_ name: String) throws(ContainerError) {
    if unlinkat(store.directory.number, name, 0) == 0 || errno == ENOENT { return }
    throw ContainerError(SystemError("remove", name))
  }

  private var startName: String { id.value + ".start" }
  private var configName: String { id.value + StateStore.configSuffix }
}
