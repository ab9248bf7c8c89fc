internal import Glibc
internal import Kernel

/// What a running command is about to use or make, written down so that the collector leaves it alone. It ends with the
/// command, however that ends: the file's lock does.
public struct Hold: ~Copyable, Sendable {
  private let layout: StoreLayout
  private let file: Descriptor
  /// Sixteen hexadecimal digits, which begin the names of all that is being made under this hold.
  private let name: String
  private var path: String { "\(layout.holds)/\(name)" }

  public init(_ layout: StoreLayout) throws(StoreError) {
    self.layout = layout
    // Under the lock: between its making and its own lock the file looks like one that was left over.
    let lock = try StoreLock(layout, .shared)
    let name = Self.newName()
    let path = "\(layout.holds)/\(name)"
    file = try system { () throws(SystemError) in
      let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, mode: 0o600)
      guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else { throw SystemError("lock", path) }
      return file
    }
    self.name = name
    _ = consume lock
  }

  deinit { unlink(path) }

  /// Ends it early: for a value that others may still have when the program ends. Nothing may be claimed any more.
  public func end() { unlink(path) }

  /// Writes down names relative to the store, `blobs/sha256/…`, then looks whether they are there: until this value
  /// goes, what the look found stays.
  public func claim<Value>(_ names: [String], _ look: () throws(StoreError) -> Value) throws(StoreError) -> Value {
    let lock = try StoreLock(layout, .shared)
    try system { () throws(SystemError) in
      try file.writeAll(names.map { $0 + "\n" }.joined().utf8, subject: path)
    }
    let value = try look()
    _ = consume lock
    return value
  }

  /// Where something may be made: a path that nothing has had, left alone as long as this value is there.
  public func newPath() -> String { "\(layout.making)/\(name)-\(Self.newName())" }

  /// A name that nothing has had: for holds, and for what is being made.
  public static func newName() -> String {
    var random = SystemRandomNumberGenerator()
    let number = String(random.next() as UInt64, radix: 16)
    return String(repeating: "0", count: 16 - number.utf8.count) + number
  }

  /// What all commands that run hold, with `making/NAME` for what they are making; files of others are removed. Under
  /// the exclusive lock.
  public static func all(_ layout: StoreLayout) throws(StoreError) -> Set<String> {
    try system { () throws(SystemError) in
      let directory = try Descriptor.open(layout.holds, O_RDONLY | O_DIRECTORY)
      var held: Set<String> = []
      for name in try Directories.names(in: directory.number, limit: 1 << 20) {
        let file: Descriptor
        do throws(SystemError) {
          file = try Descriptor.open(name, O_RDONLY | O_NOFOLLOW, at: directory.number)
        } catch {
          // Its command ended just now.
          if error.errno == .noEntry { continue }
          throw error
        }
        if flock(file.number, LOCK_SH | LOCK_NB) == 0 {
          unlinkat(directory.number, name, 0)
          continue
        }
        held.insert("making/\(name)")
        let text = String(decoding: try file.readAll(limit: 64 << 20, subject: name), as: UTF8.self)
        for line in text.split(separator: "\n") { held.insert(String(line)) }
      }
      return held
    }
  }
}
