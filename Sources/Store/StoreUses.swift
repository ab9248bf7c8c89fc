internal import Glibc
internal import Kernel
internal import OCI

/// What containers use of a store: names relative to it.
public enum StoreUses {
  private static let longest = 16 << 20

  /// Of all kept containers and all leases. A record that cannot be read is an error: what it protects is not known.
  public static func all(_ layout: StoreLayout) throws(StoreError) -> Set<String> {
    var uses: Set<String> = []
    for id in try names(layout.kept) {
      // One that is being made or removed has no record.
      if let record = try record("\(layout.kept)/\(id)/container.json") { uses.formUnion(record) }
    }
    for name in try names(layout.leases) {
      let path = "\(layout.leases)/\(name)"
      if let record = try record(path) { uses.formUnion(record) } else { unlink(path) }
    }
    return uses
  }

  private static func names(_ path: String) throws(StoreError) -> [String] {
    try system { () throws(SystemError) in
      let directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
      return try Directories.names(in: directory.number, limit: 1 << 20)
    }
  }

  /// The member `uses` of a record; `nil` when there is none, and for a bundle that is gone.
  private static func record(_ path: String) throws(StoreError) -> [String]? {
    guard let bytes = try readIfThere(path, limit: longest) else { return nil }
    guard let json = try? JSON.parse(bytes, limit: longest), let uses = json["uses"]?.elements else {
      throw StoreError(
        "\(path) is damaged: it says what a container uses of the image store, so nothing is removed: if it is in kept/, "
          + "'swiftcr rm --force' with the directory's name removes the container")
    }
    return BundleLease.isOver(json) ? nil : uses.compactMap(\.string)
  }
}
