/// The extended attributes in which overlayfs keeps its books: never part of a layer.
enum OverlayAttribute {
  private static let trusted = Array("trusted.overlay.".utf8)
  private static let user = Array("user.overlay.".utf8)

  static func isReserved(_ name: [UInt8]) -> Bool { name.starts(with: trusted) || name.starts(with: user) }
}
