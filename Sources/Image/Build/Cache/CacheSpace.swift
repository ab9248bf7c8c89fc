internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// What builds keep in the store, as the collector sees it.
///
/// A record of a step keeps its layer. That holds until `prune`, which takes the records whose layers no image and no
/// container has, with all that is kept for speed alone; what is left then is in use anyway.
struct CacheSpace {
  let library: ImageLibrary
  private var layout: StoreLayout { library.layout }

  /// More than any project has; beyond, the oldest go.
  static let mostSteps = 10_000

  /// The names of a directory of `build/`, relative to the store.
  private func names(_ directory: String) throws(ImageError) -> [String] {
    do throws(SystemError) {
      let opened = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
      let prefix = directory.droppingPrefix(layout.path)
      return try Directories.names(in: opened.number, limit: 1 << 22).map { "\(prefix)/\($0)" }
    } catch {
      if error.errno == .noEntry { return [] }
      throw ImageError(error)
    }
  }

  /// Everything, relative to the store.
  func present() throws(ImageError) -> [String] {
    try names(layout.buildSteps) + names(layout.buildContexts) + names(layout.buildMounts)
  }

  private func record(_ name: String) -> StepRecord? {
    (try? readFile("\(layout.path)/\(name)", limit: StepRecord.longest)).flatMap { StepRecord($0) }
  }

  /// What records keep.
  ///
  /// - Parameter dropped: records that are as if they were gone.
  func uses(without dropped: Set<String>) throws(ImageError) -> Set<String> {
    var uses: Set<String> = []
    for name in try names(layout.buildSteps) where !dropped.contains(name) {
      if let record = record(name) { uses.formUnion(record.uses(layout)) }
    }
    return uses
  }

  /// What `prune` takes.
  ///
  /// - Parameter needed: what images and containers have.
  func unneeded(_ needed: Set<String>) throws(ImageError) -> [String] {
    let steps = try names(layout.buildSteps).filter { name in
      guard let record = record(name) else { return true }
      guard let layer = record.layer?.diffID ?? record.below else { return false }
      return !needed.contains(layout.layer(layer).droppingPrefix(layout.path))
    }
    return try steps + names(layout.buildContexts) + names(layout.buildMounts).filter { !isLocked($0) }
  }

  /// Whether a build uses a cache mount.
  private func isLocked(_ mount: String) -> Bool {
    let directory = "\(layout.path)/\(mount)"
    guard let opened = try? Descriptor.open(directory, O_RDONLY | O_DIRECTORY),
      let names = try? Directories.names(in: opened.number, limit: 1 << 16)
    else { return false }
    return names.contains { name in
      guard name.hasPrefix("lock-"), let file = try? Descriptor.open("\(directory)/\(name)", O_RDONLY | O_NOFOLLOW)
      else {
        return false
      }
      let number = file.number
      return flock(number, LOCK_EX | LOCK_NB) != 0
    }
  }

  /// Drops the oldest records when there are too many.
  func bound() {
    guard let names = try? names(layout.buildSteps), names.count > Self.mostSteps else { return }
    let aged = names.map { name -> (age: Int, name: String) in
      var status = stat()
      return (stat("\(layout.path)/\(name)", &status) == 0 ? Int(status.st_mtim.tv_sec) : 0, name)
    }
    // A tenth more than needed, so that it is not every build's work.
    for (_, name) in aged.sorted(by: { $0.age < $1.age }).prefix(names.count - Self.mostSteps * 9 / 10) {
      unlink("\(layout.path)/\(name)")
    }
  }
}
