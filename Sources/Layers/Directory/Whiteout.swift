/// What a name of an archive says about the layers below (image-spec, layer.md "Whiteouts").
enum Whiteout: Equatable {
  /// Nothing: a plain entry.
  case none
  /// What older drivers left for themselves, and no one should make.
  case ignored
  case some(Mark)

  struct Mark: Equatable {
    var path: [UInt8]
    /// The directory's lower content is hidden; else the entry itself.
    var isOpaque: Bool
  }

  private static let prefix = Array(".wh.".utf8)

  init(_ path: [UInt8]) throws(LayerError) {
    let (parent, name) = LayerPath.split(path)
    if Self.hasPart(parent) {
      let parts = parent.split(separator: LayerPath.slash)
      guard parts.contains(where: { $0.starts(with: ".wh..wh.".utf8) }) else {
        throw LayerError("layer entry \(LayerPath.text(path)): in a directory with the name of a whiteout")
      }
      self = .ignored
    } else if !name.starts(with: Self.prefix) {
      self = .none
    } else if name.elementsEqual(".wh..wh..opq".utf8) {
      self = .some(Mark(path: Array(parent), isOpaque: true))
    } else if name.starts(with: ".wh..wh.".utf8) {
      self = .ignored
    } else {
      let hidden = name.dropFirst(Self.prefix.count)
      guard !hidden.isEmpty, !hidden.elementsEqual(".".utf8), !hidden.elementsEqual("..".utf8) else {
        throw LayerError("layer entry \(LayerPath.text(path)): a whiteout of nothing")
      }
      let slash = parent.isEmpty ? [] : [LayerPath.slash]
      self = .some(Mark(path: parent + slash + hidden, isOpaque: false))
    }
  }

  private static func hasPart(_ parent: ArraySlice<UInt8>) -> Bool {
    guard parent.count >= prefix.count else { return false }
    if parent.starts(with: prefix) { return true }
    var index = parent.startIndex
    while index <= parent.endIndex - prefix.count - 1 {
      if parent[index] == LayerPath.slash, parent[(index + 1)...].starts(with: prefix) { return true }
      index += 1
    }
    return false
  }
}
