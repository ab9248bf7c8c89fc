internal import Kernel
public import OCI
internal import Store

/// What `df` shows: everything in the store once, and whether `prune` would remove it.
public struct SpaceUsage: Sendable {
  public struct Item: Sendable {
    public var name: String
    public var bytes: UInt64
    public var isReclaimable: Bool
  }

  public struct Section: Sendable {
    public var title: String
    public var items: [Item]
    public var bytes: UInt64 { items.reduce(0) { $0 + $1.bytes } }
  }

  public var sections: [Section]

  public var json: JSON {
    .object(
      sections.map { section in
        JSON.Member(
          section.title,
          .array(
            section.items.map { item in
              .object([
                JSON.Member("name", .string(item.name)), JSON.Member("bytes", .integer(Int64(clamping: item.bytes))),
                JSON.Member("reclaimable", .bool(item.isReclaimable)),
              ])
            }))
      })
  }
}

extension ImageLibrary {
  /// `prune`: see `Collector.prune`.
  public func prune(all: Bool) throws(ImageError) -> (entries: [String], bytes: UInt64) {
    let (entries, bytes) = try Collector(library: self).prune(all: all)
    return (entries.map { ImageNames.name(of: $0) ?? "\($0.digest)" }, bytes)
  }

  /// `df`.
  public func usage() throws(ImageError) -> SpaceUsage {
    let lock = try rethrowing { () throws(StoreError) in try StoreLock(layout, .exclusive) }
    var names = try rethrowing { () throws(StoreError) in try ImageNames(reading: layout) }
    let collector = Collector(library: self)
    let dropped = try collector.judge(names, droppingUnused: true, all: false)
    names.index.manifests.removeAll { dropped.entries.contains($0) }
    let cache = Set(dropped.cache)
    let verdict = try collector.judge(names, droppingUnused: false, all: false, without: cache)
    let garbage = cache.union(verdict.garbage)
    let present = try collector.present()
    let built = try CacheSpace(library: self).present()
    let kept = try collector.keptContainers()
    _ = consume lock
    func section(_ title: String, _ names: [String]) -> SpaceUsage.Section {
      SpaceUsage.Section(
        title: title,
        items: names.sorted().map { name in
          SpaceUsage.Item(
            name: name, bytes: DiskUsage.of("\(layout.path)/\(name)"), isReclaimable: garbage.contains(name))
        })
    }
    return SpaceUsage(sections: [
      section("Blobs", present.filter { $0.hasPrefix("blobs/") }),
      section("Layers", present.filter { $0.hasPrefix("layers/") || $0.hasPrefix("stacks/") }),
      section("Containers", kept),
      section("Build cache", built),
      section("Unfinished", present.filter { $0.hasPrefix("downloads/") || $0.hasPrefix("making/") }),
    ])
  }
}
