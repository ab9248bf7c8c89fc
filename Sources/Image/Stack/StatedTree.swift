internal import Glibc
internal import Layers

/// A stack of layers that is asked what its directories look like. A layer that only has files in a directory says
/// nothing of it: then a lower layer does.
struct StatedTree {
  let tree: MergedTree
  /// For each layer the directories that it only implies.
  private let implied: [Set<[UInt8]>]

  /// - Parameter layers: open as long as this is used.
  init(_ layers: borrowing OpenLayers) {
    tree = MergedTree(layers.roots)
    implied = layers.records.map { Set($0.impliedDirectories + ($0.impliesRoot ? [[]] : [])) }
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
      let item = try tree.find(path, below: top) { !implied[$0].contains(path) }
      guard let item, item.status.st_mode & S_IFMT == S_IFDIR else { return nil }
      return item
    } catch {
      throw ImageError(error)
    }
  }
}
