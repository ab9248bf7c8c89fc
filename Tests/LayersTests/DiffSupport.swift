import Glibc
import Kernel
import Testing

@testable import Layers

/// A container's root: an overlay of layers that one script fills, and another one changes.
final class Changed {
  let workshop: Workshop
  let lowers: [String]
  let merged: String
  let upper: String

  /// - Parameters:
  ///   - layers: scripts that fill the lower layers, bottom first; each runs in its own directory.
  ///   - change: a script that runs in the merged root.
  init(_ layers: [String], change: String) throws {
    workshop = try Workshop()
    var lowers: [String] = []
    for (number, script) in layers.enumerated() {
      let lower = try workshop.directory("lower\(number)")
      try bash("cd \(lower); umask 022; \(script)")
      lowers.append(lower)
    }
    self.lowers = lowers
    (merged, upper) = try workshop.overlay(lowers, "merged")
    // As the runtime makes it: what the root is, the topmost layer says.
    try bash("touch -r \(lowers.last ?? "/") \(upper); chmod --reference \(lowers.last ?? "/") \(upper)")
    try bash("cd \(merged); umask 022; \(change)")
  }

  /// The archive of the container's layer.
  func archive(overLowers: Bool = true, limits: LayerLimits = .standard) throws -> TarListing {
    let collector = ByteCollector()
    let opened = try OpenDirectory(upper)
    try withLowers { lowers in
      try LayerDiff.archive(
        upper: opened.number, over: overLowers ? lowers : nil, limits: limits, to: collector)
    }
    bytes = collector.bytes
    return try TarListing.read(collector.bytes)
  }

  /// What `archive` wrote.
  private(set) var bytes: [UInt8] = []

  /// The list of changes, with the lower layers as they are, and as one merged view: both have to be the same.
  func changes() throws -> [String] {
    let opened = try OpenDirectory(upper)
    var lines: [String] = []
    try withLowers { lowers in
      try LayerDiff.changes(upper: opened.number, over: lowers) { lines.append("\($0)") }
    }
    if lowers.count > 1 {
      let view = try OpenDirectory(try workshop.overlay(lowers, "view").merged)
      var again: [String] = []
      try LayerDiff.changes(upper: opened.number, over: LowerLayers([view.number])) { again.append("\($0)") }
      #expect(lines == again)
    }
    return lines
  }

  private func withLowers(_ body: (LowerLayers) throws -> Void) throws {
    let opened = try lowers.map { try OpenDirectory($0) }
    try body(LowerLayers(opened.map(\.number)))
    withExtendedLifetime(opened) {}
  }

  /// Unpacks what `archive` wrote over the lower layers; the container's root as another one would see it.
  func reapplied() throws -> String {
    let layer = try workshop.directory(Layer(bytes: bytes), "applied")
    return try workshop.overlay(lowers + [layer], "again").merged
  }

  /// The whole of the container's root is what its layer makes of the lower layers.
  func expectToComeBack() throws {
    let again = try reapplied()
    try bash("touch -r \(merged) \(again)")
    #expect(try TreeListing(again, links: false).differences(from: TreeListing(merged, links: false)) == [])
  }
}
