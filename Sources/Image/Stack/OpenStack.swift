internal import Glibc
internal import Kernel
internal import Store

/// The lower directories of an overlay, open: for whoever looks into an image or a container as a whole.
struct OpenStack: ~Copyable {
  /// Bottom first.
  let roots: [CInt]

  /// - Parameter lowers: relative to the store, as a stack has them.
  init(_ lowers: [String], _ library: ImageLibrary) throws(ImageError) {
    var roots: [CInt] = []
    do throws(ImageError) {
      for lower in lowers {
        let form = lower.hasSuffix(LayerRecord.Form.filesystem.fileName) ? LayerRecord.Form.filesystem : .directory
        let path = "\(library.layout.path)/\(lower)"
        roots.append(try rethrowing { () throws(SystemError) in try form.open(path) }.release())
      }
    } catch {
      for root in roots { close(root) }
      throw error
    }
    self.roots = roots
  }

  deinit { for root in roots { close(root) } }
}

extension ImageLibrary {
  /// All of a stack as one tree, read-only.
  ///
  /// - Parameter upper: a container's layer, which nobody may write to meanwhile.
  func mountMerged(_ lowers: [String], upper: CInt? = nil) throws(ImageError) -> Descriptor {
    let stack = try OpenStack(lowers, self)
    var layers = stack.roots
    if let upper { layers.append(upper) }
    return try rethrowing { () throws(SystemError) in
      // Overlayfs wants two directories, or an upper one.
      guard layers.count > 1 else { return try Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: layers[0]) }
      let mount = try DetachedMount.overlay(lowers: layers)
      return try Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: mount.descriptor.number)
    }
  }
}
