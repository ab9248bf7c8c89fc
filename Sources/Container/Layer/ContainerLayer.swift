internal import CLinux
internal import Glibc
internal import Kernel

/// Where things are kept between commands.
enum DataDirectory {
  /// `/var/lib/swiftcr`, or below XDG_DATA_HOME for a user.
  static var path: String {
    if geteuid() == 0 { return "/var/lib/swiftcr" }
    if let data = getenv("XDG_DATA_HOME") { return String(cString: data) + "/swiftcr" }
    return (getenv("HOME").map { String(cString: $0) } ?? "/tmp") + "/.local/share/swiftcr"
  }

  static var containers: String { path + "/containers" }
  /// Compiled filters, for profiles that only libseccomp can compile: that takes 20 ms.
  static var seccomp: String { path + "/seccomp" }
}

/// The container layer: a fresh upperdir and workdir for one container.
enum ContainerLayer {
  /// A name that no other container has had.
  static func newPath(for id: String) -> String {
    var random = SystemRandomNumberGenerator()
    let number = String(random.next() as UInt32, radix: 16)
    return "\(DataDirectory.containers)/\(id)-\(String(repeating: "0", count: 8 - number.utf8.count))\(number)"
  }

  /// Where `upper` and `work` are: in the layer's directory, or in a tmpfs that is mounted in it for a moment.
  static func storage(_ path: String, tmpfs: Bool) -> String { tmpfs ? path + "/memory" : path }

  /// Makes `upper` and `work`. The merged root has upper's mode and owner: those of the top layer's root, or of the
  /// container's root user.
  static func make(_ path: String, top: CInt, uid: UInt32, gid: UInt32, tmpfs: Bool, size: UInt64?) throws(SystemError)
  {
    var status = stat()
    guard fstat(top, &status) == 0 else { throw SystemError("read top layer") }
    if mkdir(path, 0o700) != 0 {
      guard errno == ENOENT else { throw SystemError("make container layer", path) }
      try Directories.make(DataDirectory.containers)
      guard mkdir(path, 0o700) == 0 else { throw SystemError("make container layer", path) }
    }
    let storage = storage(path, tmpfs: tmpfs)
    if tmpfs {
      guard mkdir(storage, 0o700) == 0 else { throw SystemError("make container layer", storage) }
      // Attached until the overlay is mounted, which keeps it alive.
      try DetachedMount.tmpfs(size: size).attach(storage)
    }
    let upper = storage + "/upper"
    guard mkdir(upper, 0o700) == 0, mkdir(storage + "/work", 0o700) == 0 else {
      throw SystemError("make container layer", path)
    }
    let owner = uid == 0 && gid == 0 ? (status.st_uid, status.st_gid) : (status.st_uid &+ uid, status.st_gid &+ gid)
    if owner.0 != 0 || owner.1 != 0 {
      guard chown(upper, owner.0, owner.1) == 0 else { throw SystemError("give container layer to", "\(owner.0)") }
    }
    guard chmod(upper, status.st_mode & 0o7777) == 0 else { throw SystemError("set mode of container layer", path) }
  }

  /// Removes a container layer; refuses every other directory.
  static func remove(_ path: String) throws(ContainerError) {
    let prefix = DataDirectory.containers + "/"
    let name = path.utf8.dropFirst(prefix.utf8.count)
    guard path.hasPrefix(prefix), !name.isEmpty, !name.contains(UInt8(ascii: "/")), !path.hasSuffix("/..") else {
      throw ContainerError("remove container layer \(path): it is not below \(prefix)")
    }
    while DetachedMount.detach(storage(path, tmpfs: true)) {}
    do { try Directories.removeTree(path) } catch { throw ContainerError(error) }
  }
}

/// Open layers, bottom first; closed with this value.
struct LayerStack: ~Copyable {
  let descriptors: [CInt]

  init(_ paths: [String]) throws(ContainerError) {
    var opened: [CInt] = []
    for path in paths {
      do throws(SystemError) {
        opened.append(try Descriptor.open(path, O_RDONLY | O_DIRECTORY).release())
      } catch {
        for number in opened { close(number) }
        throw ContainerError("layer \(path): \(error.errno)")
      }
    }
    descriptors = opened
  }

  private init(adopting descriptors: [CInt]) { self.descriptors = descriptors }

  deinit { for number in descriptors { close(number) } }

  /// Clones of the layers whose ids are mapped as the user namespace has them.
  func mapped(userNamespace: CInt) throws(SystemError) -> LayerStack {
    var clones: [CInt] = []
    do throws(SystemError) {
      for layer in descriptors {
        let clone = try DetachedMount.clone(descriptor: layer)
        try clone.mapIDs(userNamespace: userNamespace)
        clones.append(try clone.descriptor.duplicate().release())
      }
    } catch {
      for number in clones { close(number) }
      throw error
    }
    return LayerStack(adopting: clones)
  }
}
