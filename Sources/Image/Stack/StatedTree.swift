internal import Glibc
internal import Kernel
internal import Layers

/// A stack of layers that is asked what its directories look like. A layer that only has files in a directory says
/// nothing of it: then a lower layer does.
struct StatedTree {
  private(set) var tree = MergedTree([])
  /// For each layer the directories that it only implies; `nil` for a fix-up, whose directories are copies.
  private var implied: [Set<[UInt8]>?] = []
  private var fixups: [OpenDirectory] = []

  /// A descriptor that copies of a value share.
  private final class OpenDirectory {
    let descriptor: Descriptor
    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
  }

  var count: Int { implied.count }
  /// Which of them are fix-ups.
  var copies: Set<Int> { Set(implied.indices.filter { implied[$0] == nil }) }

  /// An empty one.
  init() {}

  /// - Parameter layers: open as long as this is used.
  init(_ layers: borrowing OpenLayers) {
    for (root, record) in zip(layers.roots, layers.records) { add(root, record) }
  }

  /// Puts a layer on top.
  mutating func add(_ root: CInt, _ record: LayerRecord) {
    tree = MergedTree(tree.layers + [root])
    implied.append(Set(record.impliedDirectories + (record.impliesRoot ? [[]] : [])))
  }

  /// Puts a fix-up with files on top.
  mutating func add(fixup root: consuming Descriptor) {
    let opened = OpenDirectory(root)
    tree = MergedTree(tree.layers + [opened.descriptor.number])
    implied.append(nil)
    fixups.append(opened)
  }

  /// One that is mounted together.
  init(whole root: CInt) {
    tree = MergedTree([root])
    implied = [[]]
  }

  /// The directory as the topmost layer has it that says something of it.
  ///
  /// - Returns: `nil` when no layer does, or it is no directory.
  func directory(_ path: [UInt8], below top: Int) throws(ImageError) -> MergedTree.Item? {
    do throws(LayerError) {
      let item = try tree.find(path, below: top) { implied[$0].map { !$0.contains(path) } ?? false }
      guard let item, item.status.st_mode & S_IFMT == S_IFDIR else { return nil }
      return item
    } catch {
      throw ImageError(error)
    }
  }
}
