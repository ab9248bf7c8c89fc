internal import CLinux
internal import Glibc
internal import Kernel

/// The container layer: a fresh upperdir and workdir for one container.
///
/// The pair of a container that is gone is not used again, even if it is empty. That would save 0.4 ms (three mkdir at
/// 25 to 90 us, three rmdir at 75 to 100 us, against two renames at 14), but nothing shows that the old overlay is gone:
/// a process elsewhere that was given a descriptor of its root keeps it, and could write into the next container. Pairs
/// made in advance save only the mkdirs, and cost them again at another moment of the same command.
enum ContainerLayer {
  /// A name that no other container has had.
  static func newPath(for id: String, in containers: String = DataDirectory.containers) -> String {
    var random = SystemRandomNumberGenerator()
    let number = String(random.next() as UInt32, radix: 16)
    return "\(containers)/\(id)-\(String(repeating: "0", count: 8 - number.utf8.count))\(number)"
  }

  /// Where `upper` and `work` are: in the layer's directory, or in what is mounted in it for a moment.
  static func place(_ path: String, isMounted: Bool) -> String { isMounted ? path + "/mounted" : path }

  /// Where is mounted for a moment what cannot be mounted detached: by older kernels, and by a stage.
  static func scaffold(_ path: String) -> String { "\(path)/\(scaffoldName)" }
  static let scaffoldName = "scaffold"

  /// Detaches what a killed swiftcr left mounted in the layer's directory.
  static func detachMounts(_ path: String) {
    for place in [scaffold(path), self.place(path, isMounted: true)] {
      while DetachedMount.detach(place) {}
    }
  }

  /// Makes `upper` and `work`. The merged root has upper's mode and owner: those of the top layer's root, or of the
  /// container's root user.
  ///
  /// - Parameter owner: whose it is, for the day on which nobody remembers it.
  static func make(
    _ path: String, top: CInt, uid: UInt32, gid: UInt32, storage: LayerStorage, owner: LayerOwner?
  ) throws(SystemError) {
    var status = stat()
    guard fstat(top, &status) == 0 else { throw SystemError("read top layer") }
    try makeDirectory(path, mode: 0o700, owner: owner)
    let place = place(path, isMounted: storage.isMounted)
    if let mount = try storage.mount(path) {
      guard mkdir(place, 0o700) == 0 else { throw SystemError("make container layer", place) }
      // Attached until the overlay is mounted, which keeps it alive.
      try mount.attach(place)
    }
    let upper = place + "/upper"
    guard mkdir(upper, 0o700) == 0 else { throw SystemError("make container layer", path) }
    let ids = uid == 0 && gid == 0 ? (status.st_uid, status.st_gid) : (status.st_uid &+ uid, status.st_gid &+ gid)
    if ids.0 != 0 || ids.1 != 0 {
      guard chown(upper, ids.0, ids.1) == 0 else { throw SystemError("give container layer to", "\(ids.0)") }
    }
    // After the owner: chown(2) takes set-id bits away.
    try dress(upper, as: status)
    // Last: it says that the rest is there.
    guard mkdir(place + "/work", 0o700) == 0 else { throw SystemError("make container layer", path) }
  }

  /// Whether a layer's directory is complete; for one that is kept.
  static func isMade(_ path: String) -> Bool { access(path + "/work", F_OK) == 0 }

  /// The layer's own directory, with whose it is.
  static func makeDirectory(_ path: String, mode: mode_t, owner: LayerOwner?) throws(SystemError) {
    if mkdir(path, mode) != 0 {
      guard errno == ENOENT else { throw SystemError("make container layer", path) }
      try Directories.make(parent(of: path))
      guard mkdir(path, mode) == 0 else { throw SystemError("make container layer", path) }
    }
    owner?.mark(path)
  }

  /// The container sees this mode and time on its "/": the topmost layer's, not those of its own creation.
  static func dress(_ upper: String, as status: stat) throws(SystemError) {
    guard chmod(upper, status.st_mode & 0o7777) == 0 else { throw SystemError("set mode of container layer", upper) }
    _ = utimensat(workingDirectory, upper, [status.st_atim, status.st_mtim], 0)
  }

  static func parent(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return String(path[..<slash])
  }

  static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Removes a container layer with all that is in it; refuses every other directory. Nothing there is no error.
  static func remove(_ path: String, in containers: String = DataDirectory.containers) throws(ContainerError) {
    let prefix = containers + "/"
    let name = path.utf8.dropFirst(prefix.utf8.count)
    guard path.hasPrefix(prefix), !name.isEmpty, !name.contains(UInt8(ascii: "/")), !path.hasSuffix("/..") else {
      throw ContainerError("remove container layer \(path): it is not below \(prefix)")
    }
    detachMounts(path)
    do throws(ContainerError) {
      let parent = try kernel { () throws(SystemError) in try Descriptor.open(containers, O_RDONLY | O_DIRECTORY) }
      try removeTree(String(path.dropFirst(prefix.count)), at: parent.number)
    } catch {
      if error.errno == .noEntry { return }
      throw ContainerError("remove container layer \(path): \(error)", errno: error.errno)
    }
  }
}
