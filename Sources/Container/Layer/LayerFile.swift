internal import Glibc
internal import Kernel

/// A layer that is a file with a file system in it, as an image store has them: `layers/sha256/HEX/layer.erofs`.
///
/// The kernel reads a file system's structures as one who wrote them meant well. So it is mounted only if nobody but root
/// can have written it: the file and every directory on the way to it are root's, and nobody else may write to them or
/// change what their names mean.
struct LayerFile {
  private let path: String

  private static let name = "layer.erofs"

  /// `nil` for what is not named as one.
  init?(_ path: String) {
    let parts = path.split(separator: "/")
    guard path.hasPrefix("/"), parts.count > 4, parts.last == Self.name[...], parts[parts.count - 4] == "layers" else {
      return nil
    }
    self.path = path
  }

  /// Mounts it, attached nowhere: for one container only.
  func mount() throws(ContainerError) -> DetachedMount {
    let file = try open()
    do throws(SystemError) {
      // The file that was looked at, whatever its name means by now.
      return try DetachedMount.erofs(file: "/proc/self/fd/\(file.number)")
    } catch {
      throw ContainerError("layer \(path): \(error)", errno: error.errno)
    }
  }

  /// The same, for a list of descriptors.
  func mountedRoot() throws(ContainerError) -> CInt {
    let mount = try mount()
    return try kernel { () throws(SystemError) in try mount.descriptor.duplicate().release() }
  }

  /// Opens it, from `/` on: no symbolic link is followed.
  func open() throws(ContainerError) -> Descriptor {
    guard !Caller.current.isRootless else {
      throw ContainerError("layer \(path): only root can mount a file system in a file: pull the image again")
    }
    do throws(SystemError) {
      let parts = path.split(separator: "/").map(String.init)
      var directory = try Descriptor.open("/", O_RDONLY | O_DIRECTORY)
      for part in parts.dropLast() {
        try check(directory.number)
        directory = try Descriptor.open(part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: directory.number)
      }
      try check(directory.number)
      let file = try Descriptor.open(Self.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, at: directory.number)
      try check(file.number)
      return file
    } catch {
      throw ContainerError("layer \(path): \(error)", errno: error.errno)
    }
  }

  /// In a directory like `/tmp` nobody renames what is somebody else's.
  private func check(_ descriptor: CInt) throws(SystemError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SystemError("look at", path) }
    let isSticky = status.st_mode & S_IFMT == S_IFDIR && status.st_mode & S_ISVTX != 0
    guard status.st_uid == 0, status.st_mode & 0o022 == 0 || isSticky else {
      throw .refusal("not mounted: the file and all directories on the way to it must be root's alone to change")
    }
  }
}
