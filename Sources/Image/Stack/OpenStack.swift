internal import Glibc
internal import Kernel
internal import Store

/// The lower directories of an overlay, open: for whoever looks into an image or a container as a whole.
struct OpenStack: ~Copyable {
  /// Bottom first.
  let roots: [CInt]
  /// Of lowers that are file systems: overlayfs takes only what is mounted.
  private let mounts: [CInt]

  /// - Parameter lowers: relative to the store, as a stack has them.
  init(_ lowers: [String], _ library: ImageLibrary) throws(ImageError) {
    var (roots, mounts): ([CInt], [CInt]) = ([], [])
    do throws(SystemError) {
      for lower in lowers {
        let path = "\(library.layout.path)/\(lower)"
        guard lower.hasSuffix(LayerRecord.Form.filesystem.fileName) else {
          roots.append(try Descriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).release())
          continue
        }
        let mount = try DetachedMount.erofs(file: path)
        mounts.append(try mount.descriptor.duplicate().release())
        roots.append(try Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: mount.descriptor.number).release())
      }
    } catch {
      for number in roots + mounts { close(number) }
      throw ImageError(error)
    }
    (self.roots, self.mounts) = (roots, mounts)
  }

  deinit { for number in roots + mounts { close(number) } }

  /// All of it as one tree, read-only.
  ///
  /// - Parameter upper: a container's layer on top, which nobody may write to meanwhile.
  func merged(upper: CInt? = nil) throws(ImageError) -> Descriptor {
    let layers = roots + (upper.map { [$0] } ?? [])
    return try rethrowing { () throws(SystemError) in
      // Overlayfs wants two directories, or an upper one.
      guard layers.count > 1 else { return try Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: layers[0]) }
      let mount = try DetachedMount.overlay(lowers: layers)
      return try Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: mount.descriptor.number)
    }
  }
}
