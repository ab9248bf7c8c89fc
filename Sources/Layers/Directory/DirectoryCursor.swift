internal import CLinux
internal import Glibc
internal import Kernel

/// The directory of a layer in which the next entry is made, with all above it open.
///
/// Archives go through a tree in order, so that most entries need no lookup at all. No name of more than one part is ever
/// given to the kernel: each directory was opened in the one above it, through no symbolic link and over no mount, so
/// nothing outside of the layer can be reached. A symbolic link that the layer has as a directory is followed as
/// containerd does, with the layer as the root, here and not by the kernel.
///
/// A directory gets its time when it is left, because each change in it sets that anew; its mode too, when that would
/// change what is made in it (set-group-id), or keep a user who is not root from it.
struct DirectoryCursor: ~Copyable {
  /// What a directory has in the end.
  struct Final {
    var modified: timespec?
    /// `nil`: it has it already.
    var mode: mode_t?

    /// Of a directory that the archive says nothing of: always the same, so that a layer that is unpacked again is equal.
    static var unsaid: Final { Final(modified: timespec()) }
  }

  private struct Frame {
    /// -1 when there are too many.
    var number: CInt
    /// In the one above.
    var name: [CChar]
    /// How much of `location` leads here.
    var length: Int
    var final: Final
  }

  /// Descriptors that are open at once; deeper trees reopen the upper directories on the way back.
  static let openLimit = 64
  private static let linkLimit = 40

  private var frames: [Frame]
  /// Where the last frame is, from the layer's root: without links, other than `entered`.
  private var location: [UInt8] = []
  /// The name by which the last frame was entered; `nil` when it may now be another directory's.
  private var entered: [UInt8]? = []
  /// A directory just made in the last frame, which may be entered next.
  private var made: (name: [CChar], final: Final)?
  let isRoot: Bool
  /// Else it is a tree in use: its directories stay what they are, and other file systems may be mounted in it.
  let isLayer: Bool
  let root: CInt
  /// Told of each directory that had to be made because no entry was there for it, by its path.
  private(set) var implied: Set<[UInt8]> = []
  private var impliedSize = 0
  private let impliedLimit: Int

  /// - Parameters:
  ///   - root: the layer's own directory, open for reading; the caller keeps it open.
  ///   - impliedLimit: bytes of the paths of implied directories.
  init(root: CInt, isRoot: Bool, isLayer: Bool, impliedLimit: Int) throws(LayerError) {
    self.root = root
    self.isRoot = isRoot
    self.isLayer = isLayer
    self.impliedLimit = impliedLimit
    frames = [Frame(number: root, name: [], length: 0, final: Final())]
    guard isLayer else { return }
    frames[0].final = try workable(root)
    frames[0].final.modified = Final.unsaid.modified
  }

  deinit {
    for frame in frames.dropFirst() where frame.number >= 0 { close(frame.number) }
  }

  private var last: Int { frames.count - 1 }
  var directory: CInt { frames[last].number }

  /// A mode with which entries can be made in a directory, and are made with their own group.
  func workable(_ mode: mode_t) -> mode_t {
    let plain = mode & ~mode_t(S_ISGID)
    return isRoot ? plain : plain | 0o700
  }

  /// Makes the directory workable, and says what it had.
  private func workable(_ number: CInt) throws(LayerError) -> Final {
    guard isLayer else { return Final() }
    var status = stat()
    guard fstat(number, &status) == 0 else { throw failure("look at directory") }
    let mode = status.st_mode & 0o7777
    guard workable(mode) != mode else { return Final(modified: status.st_mtim) }
    guard fchmod(number, workable(mode)) == 0 else { throw failure("change mode of directory") }
    return Final(modified: status.st_mtim, mode: mode)
  }

  /// Goes to a directory, and makes what is missing of it.
  ///
  /// - Returns: `nil` when something on the way is no directory.
  mutating func enter(_ path: ArraySlice<UInt8>) throws(LayerError) -> CInt? {
    if let entered, entered.elementsEqual(path) {
      try settle()
      return directory
    }
    entered = nil
    var depth = 0
    var links = 0
    var rest = path
    while !rest.isEmpty {
      let part = rest.prefix { $0 != LayerPath.slash }
      rest = rest[part.endIndex...].drop { $0 == LayerPath.slash }
      let name = LayerPath.cString(part)
      // Of links only: names of entries have none of these.
      if part.elementsEqual(".".utf8) || part.isEmpty { continue }
      if part.elementsEqual("..".utf8) {
        depth = max(0, depth - 1)
        continue
      }
      if depth < last, frames[depth + 1].name == name {
        depth += 1
        continue
      }
      try leave(to: depth)
      switch try push(name) {
      case .directory: depth += 1
      case .other: return nil
      case .link(let target):
        links += 1
        guard links <= Self.linkLimit, target.count + rest.count <= 1 << 16 else {
          throw LayerError("layer entry in \(LayerPath.text(path)): too many symbolic links")
        }
        if target.first == LayerPath.slash { depth = 0 }
        rest = (target + [LayerPath.slash] + rest)[...]
      }
    }
    try leave(to: depth)
    try settle()
    entered = Array(path)
    return directory
  }

  private enum Step { case directory, other, link([UInt8]) }

  /// Goes into an entry of the last frame.
  private mutating func push(_ name: [CChar]) throws(LayerError) -> Step {
    var final: Final?
    if let made, made.name == name {
      final = made.final
      self.made = nil
    } else {
      try settle()
    }
    var number = open(name)
    if number < 0, errno == EACCES, !isRoot, isLayer { number = try openLocked(name, &final) }
    if number < 0, errno == ENOENT {
      try makeImplied(name)
      final = isLayer ? .unsaid : Final()
      number = open(name)
    }
    if number < 0 {
      switch errno {
      // O_DIRECTORY with O_NOFOLLOW says of a symbolic link, too, that it is no directory.
      case ENOTDIR, ELOOP:
        guard let target = try target(of: name) else { return .other }
        return .link(target)
      default: throw failure("open directory", name)
      }
    }
    location = path(of: name)
    frames.append(Frame(number: number, name: name, length: location.count, final: Final()))
    if let final { frames[last].final = final } else { frames[last].final = try workable(number) }
    let shut = frames.count - Self.openLimit
    if shut > 0, frames[shut].number >= 0 {
      close(frames[shut].number)
      frames[shut].number = -1
    }
    return .directory
  }

  private func open(_ name: [CChar]) -> CInt {
    retrying {
      isLayer
        ? clinux_open_own_directory(directory, name)
        : openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    }
  }

  /// A directory that its owner may not read: the mode comes back when it is left.
  private func openLocked(_ name: [CChar], _ final: inout Final?) throws(LayerError) -> CInt {
    var status = stat()
    guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw failure("open directory", name)
    }
    let mode = status.st_mode & 0o7777
    guard fchmodat(directory, name, workable(mode), 0) == 0 else { throw failure("change mode of", name) }
    if final == nil { final = Final(modified: status.st_mtim, mode: mode) }
    return retrying { clinux_open_own_directory(directory, name) }
  }

  private mutating func makeImplied(_ name: [CChar]) throws(LayerError) {
    guard mkdirat(directory, name, 0o755) == 0 else { throw failure("make directory", name) }
    let path = self.path(of: name)
    impliedSize += path.count
    guard impliedSize <= impliedLimit else { throw LayerError("layer archive: too many directories without an entry") }
    implied.insert(path)
  }

  /// The directory has an entry of its own, or is gone.
  mutating func forgetImplied(_ name: [CChar]) {
    if implied.isEmpty { return }
    implied.remove(path(of: name))
  }

  mutating func forgetImplied(where isGone: ([UInt8]) -> Bool) { implied = implied.filter { !isGone($0) } }

  /// - Returns: `nil` when it is no symbolic link.
  private func target(of name: [CChar]) throws(LayerError) -> [UInt8]? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlinkat(directory, name, &buffer, buffer.count)
    if count < 0, errno == EINVAL { return nil }
    guard count >= 0 else { throw failure("read symbolic link", name) }
    return buffer[..<count].map { UInt8(bitPattern: $0) }
  }

  /// An entry of the last frame, from the layer's root.
  func path(of name: [CChar]) -> [UInt8] {
    var path = location
    if !path.isEmpty { path.append(LayerPath.slash) }
    name.withUnsafeBytes { path.append(contentsOf: $0.dropLast()) }
    return path
  }

  /// An entry of the last frame is a directory that gets the rest when it is left, or at once if it is not entered next.
  mutating func didMake(_ name: [CChar], _ final: Final) { made = (name, final) }

  /// The layer's root has these in the end.
  mutating func setRoot(_ final: Final) { frames[0].final = final }

  /// Something in the last frame was replaced: names may lead elsewhere now.
  mutating func didReplace() { if entered?.isEmpty != true { entered = nil } }

  private mutating func settle() throws(LayerError) {
    guard let (name, final) = made else { return }
    made = nil
    try finish(name, final)
  }

  private func finish(_ name: [CChar], _ final: Final) throws(LayerError) {
    if let mode = final.mode, fchmodat(directory, name, mode, 0) != 0 { throw failure("change mode of", name) }
    guard let modified = final.modified else { return }
    guard setTime(modified, of: name, in: directory) == 0 else { throw failure("set the time of", name) }
  }

  /// Goes up, and completes what is left.
  private mutating func leave(to depth: Int) throws(LayerError) {
    guard depth < last else { return }
    try settle()
    while depth < last {
      let frame = frames.removeLast()
      defer { close(frame.number) }
      location.removeLast(location.count - frames[last].length)
      if frames[last].number < 0 {
        // Nobody else changes this tree, so the directory above is still the one that it was.
        frames[last].number = retrying { openat(frame.number, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard directory >= 0 else { throw failure("reopen directory above", frame.name) }
      }
      try finish(frame.name, frame.final)
    }
  }

  /// Completes all directories, the layer's root last.
  mutating func leaveAll() throws(LayerError) {
    try leave(to: 0)
    try settle()
    entered = []
    let final = frames[0].final
    if let mode = final.mode, fchmod(root, mode) != 0 { throw failure("change mode of the layer's root") }
    if let modified = final.modified, setTime(modified, of: nil, in: root) != 0 {
      throw failure("set the time of the layer's root")
    }
  }

  private func failure(_ step: String, _ name: [CChar] = []) -> LayerError {
    let number = Errno.last
    let subject = LayerPath.text(name.isEmpty ? [] : path(of: name))
    return LayerError("unpack layer: \(step) \(subject): \(number)", errno: number)
  }
}

/// Both times of a file; of the directory itself without a name.
func setTime(_ time: timespec, of name: [CChar]?, in directory: CInt) -> CInt {
  var times = (time, time)
  return withUnsafeBytes(of: &times) { bytes in
    let pointer = bytes.baseAddress?.assumingMemoryBound(to: timespec.self)
    guard let name else { return futimens(directory, pointer) }
    return utimensat(directory, name, pointer, AT_SYMLINK_NOFOLLOW)
  }
}
