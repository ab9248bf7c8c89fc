internal import Glibc
internal import Kernel

/// Goes through an overlay's upperdir and says what each file in it does to the layers below.
struct UpperWalk {
  enum Effect {
    /// It hides what is below, and nothing is in its place.
    case removes
    /// It is there, in place of what is below.
    case places
    /// A directory that shows nothing of one below.
    case replaces
    /// A whiteout where there is nothing to hide.
    case idle
  }

  struct Item {
    let file: TreeWalk.Item
    let effect: Effect
    let attributes: [TarEntry.Attribute]
    /// What the lower layers have at this path, also where a directory above is replaced.
    let below: LowerLayers.Found?
    /// Whether a directory above is replaced, or is nothing's place: then nothing below shows here.
    let isAlone: Bool
  }

  private struct Level {
    var lower: LowerLayers.Directory?
    var isAlone: Bool
    var hasMarkedWhiteouts: Bool
  }

  private var walk: TreeWalk
  private let lowers: LowerLayers?
  private let namespace: OverlayNamespace
  /// Of the directories that lead to the current one.
  private var levels: [Level]
  /// Whether they are told, too.
  var showsIdleWhiteouts = false

  init(
    upper: CInt, lowers: LowerLayers?, namespace: OverlayNamespace, limits: LayerLimits
  ) throws(LayerError) {
    walk = TreeWalk(root: upper, limits: limits)
    self.lowers = lowers
    self.namespace = namespace
    let attributes: [TarEntry.Attribute]
    do throws(SystemError) { attributes = try FileEntry.attributes(LowerLayers.here, in: upper) } catch {
      throw LayerError(error)
    }
    levels = [Level(lower: lowers?.root, isAlone: false, hasMarkedWhiteouts: false)]
    if case .hasMarkedWhiteouts = namespace.opaque(attributes) { levels[0].hasMarkedWhiteouts = true }
  }

  mutating func next() throws(LayerError) -> Item? {
    while let file = try walk.next() {
      levels.removeSubrange(file.depth...)
      let level = levels[file.depth - 1]
      let attributes = try FileEntry.attributes(of: file)
      if let option = namespace.foreign(attributes) {
        throw LayerError(
          "read layer: \(LayerPath.text(file.path)) is of an overlay with \(option)=on, whose upper directory says only a part"
        )
      }
      let isMarked = level.hasMarkedWhiteouts && namespace.isMarkedWhiteout(attributes)
      let isWhiteout =
        file.status.st_mode & S_IFMT == S_IFCHR && file.status.st_rdev == 0
        || isMarked && file.status.st_mode & S_IFMT == S_IFREG && file.status.st_size == 0
      var below: LowerLayers.Found?
      if let lower = level.lower { below = try lowers?.find(file.name, in: lower) }
      if isWhiteout {
        // Where nothing shows, there is nothing to hide.
        if level.isAlone || lowers != nil && below == nil {
          guard showsIdleWhiteouts else { continue }
          return Item(file: file, effect: .idle, attributes: [], below: nil, isAlone: level.isAlone)
        }
        return Item(file: file, effect: .removes, attributes: [], below: below, isAlone: false)
      }
      let opaque = namespace.opaque(attributes)
      let isOpaque = if case .yes = opaque { true } else { false }
      let hasNoneBelow = lowers != nil && below?.directory == nil
      if file.isDirectory {
        var next = Level(
          lower: below?.directory, isAlone: level.isAlone || isOpaque || hasNoneBelow, hasMarkedWhiteouts: false)
        if case .hasMarkedWhiteouts = opaque { next.hasMarkedWhiteouts = true }
        levels.append(next)
      }
      // overlayfs says opaque of every directory that came after a whiteout, also where no layer has a directory.
      let replaces = file.isDirectory && isOpaque && !level.isAlone && !hasNoneBelow
      return Item(
        file: file, effect: replaces ? .replaces : .places, attributes: attributes, below: below, isAlone: level.isAlone
      )
    }
    return nil
  }
}
