internal import CLinux
internal import Glibc
public import Kernel
public import OCI

/// A container's own layer on disk: overlayfs's upperdir and workdir, thrown away with the container.
///
/// Each container gets a fresh pair. To reuse the empty pair of one that is gone would save 0.4 ms here (two mkdir
/// at 25 us and four rmdir at 75 to 100 us; a rename takes 14), but nothing shows whether that overlay is really gone: a
/// process elsewhere that was given a descriptor of its root keeps it alive, and could write into the next container.
/// Pairs made in advance save only the mkdirs, and cost them again at another moment of the same command.
public struct ContainerLayer: ~Copyable {
  /// The directory that holds both, absolute: what the journal records.
  public let path: String
  public let upper: Descriptor
  public let work: Descriptor

  public var upperPath: String { path + "/upper" }
  public var workPath: String { path + "/work" }

  /// A path for a layer that is to be made: it is recorded first.
  public static func newPath(for id: ContainerID, in data: DataDirectory) throws(ContainerError) -> String {
    var number: UInt32 = 0
    guard clinux_random(&number, 4) == 0 else { throw ContainerError(SystemError("get random number")) }
    let digits = String(number, radix: 16)
    let name = "\(id.value)-\(String(repeating: "0", count: 8 - digits.utf8.count))\(digits)"
    return "\(data.path(of: .containers))/\(name)"
  }

  /// Makes the layer that was recorded.
  ///
  /// - Parameters:
  ///   - path: from `newPath`.
  ///   - data: the directory that the path was made for.
  ///   - top: the topmost layer's root directory. The container's root directory *is* the upper one, so it gets the
  ///     mode, the owner and the time of that.
  ///   - owner: the uid and gid on the host to use instead, when the layers are id-mapped.
  ///   - store: where the container's journal is: orphans are told by it.
  /// - Throws: after removing what it made.
  public static func make(
    path: String, in data: DataDirectory, top: borrowing Descriptor, owner: (uid: UInt32, gid: UInt32)? = nil,
    store: StateStore
  ) throws(ContainerError) -> ContainerLayer {
    let containers = try data.open(.containers)
    let name = lastName(path)
    do throws(SystemError) {
      let directory = try Directories.make(name, mode: 0o700, at: containers.number)
      // Without the mark, a layer is only known to be an orphan after a reboot.
      if let mark = LayerOwner(store: store) { mark.write(to: directory.number) }
      let upper = try Directories.make("upper", mode: 0o755, at: directory.number)
      let work = try Directories.make("work", mode: 0o700, at: directory.number)
      try takeAppearance(of: top.number, upper.number, owner)
      return ContainerLayer(path: path, upper: upper, work: work)
    } catch {
      if error.errno != .exists { try? TreeRemoval.remove(name, at: containers.number) }
      throw ContainerError("make container layer", path, error.errno.description, cause: error)
    }
  }

  private init(path: String, upper: consuming Descriptor, work: consuming Descriptor) {
    self.path = path
    self.upper = upper
    self.work = work
  }

  private static func takeAppearance(
    of top: CInt, _ upper: CInt, _ owner: (uid: UInt32, gid: UInt32)?
  ) throws(SystemError) {
    var status = stat()
    guard fstat(top, &status) == 0 else { throw SystemError("look at top layer") }
    let (uid, gid) = owner ?? (status.st_uid, status.st_gid)
    var own = stat()
    guard fstat(upper, &own) == 0 else { throw SystemError("look at upper directory") }
    if own.st_uid != uid || own.st_gid != gid {
      guard fchown(upper, uid, gid) == 0 else { throw SystemError("give upper directory to", "\(uid):\(gid)") }
    }
    // After the owner: chown(2) takes set-id bits away.
    if own.st_mode & 0o7777 != status.st_mode & 0o7777 {
      guard fchmod(upper, status.st_mode & 0o7777) == 0 else { throw SystemError("set mode of upper directory") }
    }
    let times = [status.st_atim, status.st_mtim]
    guard futimens(upper, times) == 0 else { throw SystemError("set time of upper directory") }
  }

  /// Removes the layer at a recorded path, with everything that the container left in it; nothing there is no error.
  ///
  /// The overlay must be unmounted. Without root, files of other ids can only be removed inside of the user
  /// namespace that maps them.
  public static func remove(path: String) throws(ContainerError) {
    let parent = String(path.dropLast(lastName(path).count))
    do throws(SystemError) {
      let containers = try Descriptor.open(parent, O_RDONLY | O_DIRECTORY)
      try TreeRemoval.remove(lastName(path), at: containers.number)
    } catch {
      if error.errno == .noEntry { return }
      throw ContainerError("remove container layer", path, error.description, cause: error)
    }
  }

  static func lastName(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }
}
