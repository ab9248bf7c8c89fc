internal import Glibc
internal import Kernel
internal import OCI
internal import Store
internal import Synchronization

/// Digests of a context's files, so that the next build need not read them again.
///
/// A digest is believed while size, times, inode and device are as they were when it was taken. Nobody can set a file's
/// change time but the kernel, which does so with every write, so a file that changes has another one. Two things could go
/// wrong, and are seen to: a change within the same tick of the kernel's clock (files that changed shortly before they were
/// read are not remembered), and a clock that was set back (then the times differ). What is written through a shared
/// mapping that stays open is seen when the kernel next writes the page back, as with make and git.
final class ContentDigests: Sendable {
  private struct Record: Sendable, Equatable {
    var size: Int64
    var modified: Int64
    var changed: Int64
    var inode: UInt64
    var device: UInt64
    var digest: Digest

    init(_ status: stat, _ digest: Digest) {
      size = Int64(status.st_size)
      modified = Self.nanoseconds(status.st_mtim)
      changed = Self.nanoseconds(status.st_ctim)
      inode = UInt64(status.st_ino)
      device = UInt64(status.st_dev)
      self.digest = digest
    }

    init(size: Int64, modified: Int64, changed: Int64, inode: UInt64, device: UInt64, digest: Digest) {
      (self.size, self.modified, self.changed) = (size, modified, changed)
      (self.inode, self.device, self.digest) = (inode, device, digest)
    }

    static func nanoseconds(_ time: timespec) -> Int64 {
      Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
  }

  private struct State {
    var known: [[UInt8]: Record]
    var isChanged = false
  }

  /// 100 ms: more than any kernel's tick.
  private static let tick: Int64 = 100_000_000
  private static let longest = 256 << 20
  private static let mostRecords = 1 << 20

  private let path: String
  private let state: Mutex<State>

  /// - Parameter directory: the context's, absolute and without links.
  init(of directory: String, _ layout: StoreLayout) {
    path = "\(layout.buildContexts)/\(ImageLibrary.digest(of: Array(directory.utf8)).hex)"
    state = Mutex(State(known: Self.read(path)))
  }

  func find(_ path: [UInt8], _ status: stat) -> Digest? {
    state.withLock { state in
      guard let record = state.known[path], record == Record(status, record.digest) else { return nil }
      return record.digest
    }
  }

  /// - Parameter start: when reading began.
  func remember(_ path: [UInt8], _ status: stat, _ digest: Digest, at start: Timestamp) {
    let record = Record(status, digest)
    let began = start.seconds * 1_000_000_000 + Int64(start.nanoseconds)
    guard began - record.changed > Self.tick, began - record.modified > Self.tick else { return }
    state.withLock { state in
      guard state.known.count < Self.mostRecords else { return }
      state.known[path] = record
      state.isChanged = true
    }
  }

  /// One line for each file; a path ends with a zero byte, which no path has.
  func write(in library: ImageLibrary, _ hold: borrowing Hold) {
    let records = state.withLock { $0.isChanged ? $0.known : nil }
    guard let records else { return }
    var bytes: [UInt8] = []
    for (path, record) in records {
      bytes += Array(
        "\(record.digest.hex) \(record.size) \(record.modified) \(record.changed) \(record.inode) \(record.device) "
          .utf8)
      bytes += path
      bytes.append(0)
    }
    // Without it, the next build reads the files.
    library.writeHint(bytes, to: path, hold)
  }

  /// What is no record is passed over.
  private static func read(_ path: String) -> [[UInt8]: Record] {
    guard let bytes = try? readFile(path, limit: longest) else { return [:] }
    var known: [[UInt8]: Record] = [:]
    for line in bytes.split(separator: 0) {
      let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 6, omittingEmptySubsequences: false)
      guard fields.count == 7 else { continue }
      func number(_ index: Int) -> Int64? { Int64(String(decoding: fields[index], as: UTF8.self)) }
      guard let digest = Digest(hex: String(decoding: fields[0], as: UTF8.self)), let size = number(1),
        let modified = number(2), let changed = number(3),
        let inode = UInt64(String(decoding: fields[4], as: UTF8.self)),
        let device = UInt64(String(decoding: fields[5], as: UTF8.self))
      else { continue }
      known[Array(fields[6])] = Record(
        size: size, modified: modified, changed: changed, inode: inode, device: device, digest: digest)
    }
    return known
  }
}
