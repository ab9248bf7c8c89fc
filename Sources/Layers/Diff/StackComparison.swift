internal import Glibc
internal import Kernel

/// What is different between two stacks of layers, or two layers, as those who run on them see it.
public enum StackComparison {
  /// Tells what `other` has that `one` has not, what it lacks, and what it has differently, in the order of names. What is
  /// gone as a whole is one line.
  ///
  /// - Parameters: the roots of the layers, bottom first; the caller keeps them open.
  public static func compare(
    _ one: [CInt], _ other: [CInt], limits: LayerLimits = .standard,
    _ body: (LayerChange) throws(LayerError) -> Void
  ) throws(LayerError) {
    let comparison = Comparison(one: LowerLayers(one), other: LowerLayers(other), limits: limits)
    try comparison.compare(comparison.one.root, comparison.other.root, body)
  }

  private struct Comparison {
    let one: LowerLayers
    let other: LowerLayers
    let limits: LayerLimits

    func compare(
      _ left: LowerLayers.Directory?, _ right: LowerLayers.Directory?,
      _ body: (LayerChange) throws(LayerError) -> Void
    ) throws(LayerError) {
      for name in try names(left, right) {
        let before = try left.map { (directory) throws(LayerError) in try one.find(name, in: directory) } ?? nil
        let after = try right.map { (directory) throws(LayerError) in try other.find(name, in: directory) } ?? nil
        let parent = (right ?? left)?.path ?? []
        let path = [UInt8(ascii: "/")] + (parent.isEmpty ? [] : parent + [UInt8(ascii: "/")]) + Self.text(name)
        switch (before, after) {
        case (nil, nil): continue
        case (_?, nil): try body(LayerChange(.deleted, path))
        case (nil, let after?):
          try body(LayerChange(.added, path))
          if let directory = after.directory { try compare(nil, directory, body) }
        case (let before?, let after?):
          if try isChanged(before, after, name, left, right) { try body(LayerChange(.changed, path)) }
          if let directory = after.directory { try compare(before.directory, directory, body) }
        }
      }
    }

    private static func text(_ name: [CChar]) -> [UInt8] { name.dropLast().map { UInt8(bitPattern: $0) } }

    private func names(
      _ left: LowerLayers.Directory?, _ right: LowerLayers.Directory?
    ) throws(LayerError) -> [[CChar]] {
      var names: Set<[CChar]> = []
      if let left { names.formUnion(try one.names(in: left, limit: limits.entries)) }
      if let right { names.formUnion(try other.names(in: right, limit: limits.entries)) }
      return names.sorted { strcmp($0, $1) < 0 }
    }

    /// Of a file, its size and time stand for its content, as everywhere in this trade.
    private func isChanged(
      _ before: LowerLayers.Found, _ after: LowerLayers.Found, _ name: [CChar], _ left: LowerLayers.Directory?,
      _ right: LowerLayers.Directory?
    ) throws(LayerError) -> Bool {
      let (old, new) = (before.status, after.status)
      guard old.st_mode == new.st_mode, old.st_uid == new.st_uid, old.st_gid == new.st_gid,
        old.st_rdev == new.st_rdev, old.st_mtim.tv_sec == new.st_mtim.tv_sec,
        before.attributes.filter({ FileEntry.isPortable($0.name) })
          == after.attributes.filter({ FileEntry.isPortable($0.name) })
      else { return true }
      return old.st_mode & S_IFMT != S_IFDIR && old.st_size != new.st_size
    }
  }
}
