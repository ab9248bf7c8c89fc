internal import CLinux
internal import Glibc
internal import Kernel
public import Layers
internal import OCI
internal import Store

/// A container's own layer, at rest: paused if it runs, and synced.
final class ContainerChanges {
  let record: KeptRecord
  let library: ImageLibrary
  /// Its upperdir, open.
  let upper: Descriptor
  private let pause: PausedContainer?

  /// - Parameter pauses: whether a container that runs is stopped for the time of this value.
  /// - Throws: also when something that the container wrote never reached the disk: what is read then is not what it wrote.
  init(_ id: String, _ library: ImageLibrary, pauses: Bool = true) throws(ImageError) {
    let container = try rethrowing { () throws(StoreError) in try KeptContainer(opening: id, in: library.layout) }
    record = container.record
    self.library = library
    pause = pauses ? try PausedContainer.pause(record) : nil
    upper = try rethrowing { () throws(SystemError) in
      try Descriptor.open("\(container.layer)/upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }
    guard clinux_syncfs(upper.number) == 0 else {
      throw ImageError("container \(id): not all that it wrote is on disk: \(Errno.last)", errno: .last)
    }
  }

  /// Calls the body with each line of `diff`.
  func list(_ body: (LayerChange) -> Void) throws(ImageError) {
    let stack = try OpenStack(record.lowers, library)
    try rethrowing { () throws(LayerError) in
      try LayerDiff.changes(upper: upper.number, over: LowerLayers(stack.roots)) { (change) throws(LayerError) in
        body(change)
      }
    }
  }

  /// Writes the changes as a layer's archive.
  func write(to sink: any ByteSink) throws(ImageError) {
    let stack = try OpenStack(record.lowers, library)
    try rethrowing { () throws(LayerError) in
      try LayerDiff.archive(upper: upper.number, over: LowerLayers(stack.roots), to: sink)
    }
  }

  /// Writes all that the container sees as an archive.
  func writeMerged(to sink: any ByteSink) throws(ImageError) {
    let stack = try OpenStack(record.lowers, library)
    let merged = try stack.merged(upper: upper.number)
    try rethrowing { () throws(LayerError) in try LayerDiff.flatten(root: merged.number, isLayer: false, to: sink) }
  }
}

extension ImageLibrary {
  /// `diff`.
  public func changes(of container: String, _ body: (LayerChange) -> Void) throws(ImageError) {
    try ContainerChanges(container, self, pauses: false).list(body)
  }

  /// `export`: to an open file or pipe.
  public func export(_ container: String, to descriptor: CInt) throws(ImageError) {
    let changes = try ContainerChanges(container, self)
    try changes.writeMerged(to: FileSink(descriptor))
  }
}
