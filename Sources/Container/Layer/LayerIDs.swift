internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

/// The ids of a rootless container, written on its layer: the user may not remove what belongs to subordinate ids, only
/// somebody in a user namespace that has them. On the layer itself, because `purge` has no journal to ask.
struct LayerIDs {
  var maps: IDMaps

  private static let attribute = "user.swiftcr.ids"
  /// The kernel takes 340 lines of a map.
  private static let longest = 2 * 340 * 33

  init(_ maps: IDMaps) { self.maps = maps }

  /// `nil` when the layer has none: its files are the user's.
  init?(of directory: CInt) {
    var length = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Self.longest) { buffer, filled in
      if let base = buffer.baseAddress {
        length = Int(clinux_get_xattr(directory, Self.attribute, base, buffer.count))
      }
      filled = max(0, length)
    }
    guard length > 0 else { return nil }
    var maps = IDMaps(uids: [], gids: [])
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 4, let inside = UInt32(words[1]), let outside = UInt32(words[2]), let size = UInt32(words[3])
      else { return nil }
      let mapping = IDMapping(containerID: inside, hostID: outside, size: size)
      if words[0] == "u" { maps.uids.append(mapping) } else { maps.gids.append(mapping) }
    }
    self.maps = maps
  }

  /// - Throws: where the file system has no such attributes, on which overlayfs could not work either.
  func mark(_ layer: String) throws(SystemError) {
    let directory = try Descriptor.open(layer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    func lines(_ kind: String, _ mappings: [IDMapping]) -> String {
      mappings.map { "\(kind) \($0.containerID) \($0.hostID) \($0.size)\n" }.joined()
    }
    let bytes = Array((lines("u", maps.uids) + lines("g", maps.gids)).utf8)
    guard clinux_set_xattr(directory.number, Self.attribute, bytes, bytes.count) == 0 else {
      throw SystemError("write the ids of container layer", layer)
    }
  }

  /// Runs code with all rights on files of these ids.
  func run(_ body: () throws(SystemError) -> Void) throws(ContainerError) {
    let maps = maps
    try UserNamespaceChild.run(
      map: { (pid) throws(ContainerError) in try maps.write(to: pid, .current) }, wrap: { ContainerError($0) }, body)
  }
}

extension ContainerLayer {
  /// Removes a layer's directory; nothing there is no error. First as we are: a container that changed nothing, or
  /// never began, needs no help.
  static func removeTree(_ name: String, at containers: CInt) throws(ContainerError) {
    do throws(SystemError) {
      try TreeRemoval.remove(name, at: containers)
    } catch {
      guard error.errno == .notPermitted || error.errno == .accessDenied, Caller.current.uid != 0,
        let layer = try? Directories.openOwn(name, at: containers), let ids = LayerIDs(of: layer.number)
      else { throw ContainerError(error) }
      try ids.run { () throws(SystemError) in try TreeRemoval.remove(name, at: containers) }
    }
  }
}
