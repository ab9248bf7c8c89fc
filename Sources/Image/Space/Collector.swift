internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// Finds what nothing in the store needs, and removes it.
///
/// There is one graph: names of images lead to manifests, those to blobs, layers and stacks; kept containers, leases and
/// holds lead to what they use. What `df` calls reclaimable and what `prune` removes are the same question to it.
struct Collector {
  let library: ImageLibrary
  private var layout: StoreLayout { library.layout }

  /// What has to stay, and what may go, at one moment.
  struct Verdict {
    /// Images that go: their entries in the index.
    var entries: [ContentDescriptor] = []
    /// Files and directories, relative to the store.
    var garbage: [String] = []
    /// Of builds: what `prune` takes with the images.
    var cache: [String] = []
  }

  /// What `prune` does: entries first, then all that nothing leads to any more. Removing takes its time without the lock.
  ///
  /// - Parameter all: also images that have a name, but no container.
  func prune(all: Bool) throws(ImageError) -> (entries: [ContentDescriptor], bytes: UInt64) {
    let (verdict, trash) = try library.changeNames { (names) throws(ImageError) -> (Verdict, [String]) in
      let verdict = try judge(names, droppingUnused: true, all: all)
      names.index.manifests.removeAll { verdict.entries.contains($0) }
      return (verdict, try discard(verdict.cache))
    }
    // The index first: no name ever leads to what is gone.
    let bytes = try remove(trash)
    return (verdict.entries, bytes + (try sweep()))
  }

  /// Removes what nothing leads to, and no image.
  @discardableResult
  func sweep() throws(ImageError) -> UInt64 {
    let lock = try rethrowing { () throws(StoreError) in try StoreLock(layout, .exclusive) }
    let names = try rethrowing { () throws(StoreError) in try ImageNames(reading: layout) }
    let trash = try discard(try judge(names, droppingUnused: false, all: false).garbage)
    _ = consume lock
    return try remove(trash)
  }

  /// Under the exclusive lock.
  ///
  /// - Parameter dropped: what builds keep that is as if it were gone.
  func judge(
    _ names: ImageNames, droppingUnused: Bool, all: Bool, without dropped: Set<String> = []
  ) throws(ImageError) -> Verdict {
    let used = try rethrowing { () throws(StoreError) in
      try Hold.all(layout).union(try StoreUses.all(layout))
    }
    var verdict = Verdict()
    var reachable = Reachable(library.store)
    for entry in names.index.manifests {
      if droppingUnused, all || ImageNames.name(of: entry) == nil, !isUsed(entry, used) {
        verdict.entries.append(entry)
      } else {
        reachable.add(entry)
      }
    }
    reachable.add(used)
    let cache = CacheSpace(library: library)
    if droppingUnused { verdict.cache = try cache.unneeded(reachable.names) }
    reachable.add(try cache.uses(without: dropped.union(verdict.cache)))
    verdict.garbage = try present().filter { name in
      // What a command is making begins with its hold's name.
      if let making = name.components(after: "making/") { return !used.contains("making/\(making.prefix(16))") }
      return !reachable.names.contains(name)
    }
    return verdict
  }

  /// Whether a container of the image is there: it uses the image's stack.
  private func isUsed(_ entry: ContentDescriptor, _ used: Set<String>) -> Bool {
    var reachable = Reachable(library.store)
    reachable.add(entry)
    return reachable.names.contains { $0.hasPrefix("stacks/") && used.contains($0) }
  }

  /// Everything that could be garbage.
  func present() throws(ImageError) -> [String] {
    var names: [String] = []
    for directory in [
      "blobs/sha256", "blobs/sha512", "layers/sha256", "layers/sha512", "stacks", "downloads", "making",
    ] {
      do throws(SystemError) {
        let opened = try Descriptor.open("\(layout.path)/\(directory)", O_RDONLY | O_DIRECTORY)
        names += try Directories.names(in: opened.number, limit: 1 << 22).map { "\(directory)/\($0)" }
      } catch {
        guard error.errno == .noEntry else { throw ImageError(error) }
      }
    }
    return names
  }

  /// Kept containers, relative to the store.
  func keptContainers() throws(ImageError) -> [String] {
    try rethrowing { () throws(SystemError) in
      let directory = try Descriptor.open(layout.kept, O_RDONLY | O_DIRECTORY)
      return try Directories.names(in: directory.number, limit: 1 << 20).map { "kept/\($0)" }
    }
  }

  /// Takes things out of sight, at once each. Under the exclusive lock.
  private func discard(_ garbage: [String]) throws(ImageError) -> [String] {
    var trash: [String] = []
    for name in garbage {
      if name.hasPrefix("making/") {
        trash.append(name)
        continue
      }
      let place = "making/trash-\(Hold.newName())"
      guard rename("\(layout.path)/\(name)", "\(layout.path)/\(place)") == 0 else {
        throw ImageError(SystemError("discard", name))
      }
      trash.append(place)
    }
    return trash
  }

  /// - Returns: the bytes that were freed.
  private func remove(_ trash: [String]) throws(ImageError) -> UInt64 {
    var bytes: UInt64 = 0
    for name in trash {
      let path = "\(layout.path)/\(name)"
      bytes += DiskUsage.of(path)
      try rethrowing { () throws(SystemError) in
        let making = try Descriptor.open(layout.making, O_RDONLY | O_DIRECTORY)
        if unlink(path) == 0 { return }
        try TreeRemoval.remove(String(name.dropFirst("making/".count)), at: making.number)
      }
    }
    return bytes
  }
}

extension String {
  fileprivate func components(after prefix: String) -> Substring? {
    hasPrefix(prefix) ? dropFirst(prefix.count) : nil
  }
}
