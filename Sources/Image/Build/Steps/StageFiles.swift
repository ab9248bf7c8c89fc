internal import CLinux
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// The files of a stage so far: the layers that its next step lies on. Opened when a step looks into them, which one that is
/// in the cache does not.
final class StageFiles {
  /// The overlay's lower directories and files, bottom first; relative to the store.
  private(set) var lowers: [String]
  /// Layers on top that were not looked at yet.
  private var waiting: [BuiltLayer] = []
  private let session: BuildSession
  private var open: OpenTree?

  /// All of it as one tree, and the layers one by one.
  final class OpenTree {
    let stack: OpenStack
    let merged: Descriptor

    init(_ lowers: [String], _ library: ImageLibrary) throws(ImageError) {
      stack = try OpenStack(lowers, library)
      merged = try stack.merged()
    }

    /// As the layers' parts that look things up know it.
    var stated: StatedTree { StatedTree(whole: merged.number) }
  }

  init(_ lowers: [String], _ session: BuildSession) {
    (self.lowers, self.session) = (lowers, session)
  }

  /// Puts a layer on top.
  func push(_ layer: BuiltLayer) { waiting.append(layer) }

  /// What the next step lies on.
  func settledLowers() throws(ImageError) -> [String] {
    while let layer = waiting.first {
      // It may have been stored meanwhile.
      let isMoved = access("\(layer.directory)/\(LayerRecord.fileName)", F_OK) != 0
      let directory = isMoved ? session.library.layout.layer(layer.diffID) : layer.directory
      guard let record = LayerRecord(reading: "\(directory)/\(LayerRecord.fileName)") else {
        throw ImageError("layer \(layer.diffID) is damaged: run 'swiftcr image verify --repair'")
      }
      let fixup = try makeFixup(record)
      if record.hidesAllBelow { lowers = [] }
      let lower = session.storeName(of: "\(directory)/\(record.form.fileName)")
      // As in `StackMaking`: overlayfs takes a layer only once.
      lowers.removeAll { $0 == lower }
      lowers.append(lower)
      if let fixup { lowers.append(session.storeName(of: fixup)) }
      open = nil
      waiting.removeFirst()
    }
    if lowers.isEmpty {
      // Of nothing, overlayfs makes nothing.
      let path = session.newPath("empty")
      guard mkdir(path, 0o755) == 0, chmod(path, 0o755) == 0 else { throw ImageError(SystemError("make", path)) }
      lowers = [session.storeName(of: path)]
    }
    return lowers
  }

  func tree() throws(ImageError) -> OpenTree {
    let lowers = try settledLowers()
    if let open { return open }
    let opened = try OpenTree(lowers, session.library)
    open = opened
    return opened
  }

  /// Lets go of mounts: a container's overlay lies on the layers themselves.
  func close() { open = nil }

  /// Directories that a layer only implies look as they do below it (`StackMaking`).
  private func makeFixup(_ record: LayerRecord) throws(ImageError) -> String? {
    if record.impliedDirectories.isEmpty || lowers.isEmpty { return nil }
    let opened: OpenTree
    if let open { opened = open } else { opened = try OpenTree(lowers, session.library) }
    let stated = opened.stated
    var wanted: [[UInt8]] = []
    for implied in record.impliedDirectories where !implied.isEmpty {
      if try stated.directory(implied, below: 1) != nil { wanted.append(implied) }
    }
    if wanted.isEmpty { return nil }
    let path = session.newPath("fixup")
    var copy = try TreeCopy(path)
    for directory in wanted { try copy.makeDirectory(directory) }
    try copy.dress(like: stated, below: 1)
    return path
  }
}
