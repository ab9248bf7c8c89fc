/// A hard link of a layer to a file that the layer itself does not have: one below must have it.
///
/// A layer is unpacked alone, so it cannot have the link. Whoever makes a stack of it does, right above the layer
/// (`LowerFiles`); in another stack the same layer may mean another file.
public struct LowerLink: Sendable, Equatable {
  /// Where it is, from the layer's root, through no symbolic links of the layer.
  public var path: [UInt8]
  /// What it leads to, through links perhaps.
  public var target: [UInt8]

  public init(path: [UInt8], target: [UInt8]) {
    self.path = path
    self.target = target
  }
}

/// Those of a layer that is being read, by where they are. Later entries of a name win over earlier ones.
struct LowerLinks<Place: Hashable> {
  private var links: [LowerLink?] = []
  private var places: [Place: Int] = [:]
  /// Of trees that were replaced, how many links there were then.
  private var replaced: [[UInt8]: Int] = [:]
  private var size = 0

  var isEmpty: Bool { places.isEmpty }

  /// In the order of the archive: a link may lead to another.
  func all(where isThere: (Place) -> Bool = { _ in true }) -> [LowerLink] {
    var lost: Set<Int> = []
    for (place, index) in places where !isThere(place) || isLost(index) { lost.insert(index) }
    return links.indices.compactMap { lost.contains($0) ? nil : links[$0] }
  }

  /// What a link leads to.
  func target(of place: Place) -> [UInt8]? {
    guard let index = places[place], !isLost(index) else { return nil }
    return links[index]?.target
  }

  mutating func add(_ link: LowerLink, at place: Place) throws(LayerError) {
    try reserve(link.path.count + link.target.count)
    forget(place)
    places[place] = links.count
    links.append(link)
  }

  /// Another entry has the name.
  mutating func forget(_ place: Place) {
    if let index = places.removeValue(forKey: place) { links[index] = nil }
  }

  /// A directory is gone, with all that was in it.
  mutating func forgetTree(_ path: [UInt8]) throws(LayerError) {
    try reserve(path.count)
    replaced[path] = links.count
  }

  private func isLost(_ index: Int) -> Bool {
    guard !replaced.isEmpty, let path = links[index]?.path else { return false }
    return path.indices.contains { path[$0] == LayerPath.slash && (replaced[Array(path[..<$0])] ?? 0) > index }
  }

  private mutating func reserve(_ count: Int) throws(LayerError) {
    size += count + 64
    guard size <= DirectorySink.namesLimit else {
      throw LayerError("layer archive: too many hard links to files of other layers")
    }
  }
}
