internal import CLinux
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// Writes what a COPY makes as a layer's archive, straight from its sources: no container is needed, and no mount for it.
struct CopyWriter: ~Copyable {
  let request: CopyRequest
  /// The files below; `nil` for a layer that must not depend on them.
  let below: CInt?
  /// The files below a linked layer: directories that are there are not its own.
  private let linkedTo: CInt?
  let ids: Owner?
  /// Of directories that are made on the way.
  private let now: Timestamp
  /// No file is newer.
  private let latest: Int64?
  var writer: TarWriter
  /// What this copy has placed so far, and whether it is a directory.
  var placed: [[UInt8]: Bool] = [:]
  private var links: [Inode: [UInt8]] = [:]
  /// The archive that is being unpacked.
  var unpacking: Unpacking?

  private struct Inode: Hashable {
    let device: UInt64
    let number: UInt64
  }

  typealias Owner = (uid: UInt32, gid: UInt32)

  /// Of what is made and has no source.
  private var owner: Owner { ids ?? (0, 0) }

  private static let slash = UInt8(ascii: "/")

  init(
    _ request: CopyRequest, below: CInt?, ids: Owner?, now: Timestamp, latest: Int64?,
    to sink: any ByteSink
  ) {
    (self.request, self.ids, self.now, self.latest) = (request, ids, now, latest)
    (self.below, linkedTo) = request.settings.isLinked ? (nil, below) : (below, nil)
    writer = TarWriter(sink)
  }

  mutating func write(_ check: () throws(ImageError) -> Void) throws(ImageError) {
    let destination = try resolve(Array(request.settings.destination.utf8))
    for document in request.settings.documents {
      let isInside = try isDirectory(destination) || request.settings.wantsDirectory
      let place = isInside ? join(destination, Array(document.name.utf8)) : destination
      try writeDocument(document.bytes, place)
    }
    for (index, match) in request.matches.enumerated() {
      try check()
      if request.unpacked.contains(index) {
        try unpack(match, into: destination)
      } else if match.isDirectory {
        try copyDirectory(match, to: match.isNested ? try makeParents(match, destination) : destination, check)
      } else if let entry = match.entries.first {
        let base = match.isNested ? try makeParents(match, destination) : destination
        let isInside = try isDirectory(base) || request.settings.wantsDirectory || match.isNested
        try copy(entry, of: match.tree, to: isInside ? join(base, match.name) : base)
      }
    }
    try rethrowing { () throws(LayerError) in try writer.finish() }
  }

  // MARK: Where things go

  func join(_ directory: [UInt8], _ name: [UInt8]) -> [UInt8] {
    directory.isEmpty ? name : name.isEmpty ? directory : directory + [Self.slash] + name
  }

  /// Where a path of the image leads, links followed in it.
  private func resolve(_ path: [UInt8]) throws(ImageError) -> [UInt8] {
    let root = below ?? -1
    guard root >= 0 else {
      var parts: [ArraySlice<UInt8>] = []
      for part in path.split(separator: Self.slash) where !part.elementsEqual(".".utf8) {
        if part.elementsEqual("..".utf8) { _ = parts.popLast() } else { parts.append(part) }
      }
      return Array(parts.joined(separator: [Self.slash]))
    }
    return try rethrowing { () throws(SystemError) in try TreePath(resolving: path, at: root).bytes }
  }

  /// What is at a place: placed by this copy, or below.
  func status(_ path: [UInt8]) throws(ImageError) -> (isDirectory: Bool, status: stat?)? {
    if let isDirectory = placed[path] { return (isDirectory, nil) }
    guard let below else { return nil }
    if path.isEmpty { return (true, nil) }
    let number = retrying { clinux_find_in_root(below, path.map { CChar(bitPattern: $0) } + [0], 0) }
    guard number >= 0 else {
      guard [ENOENT, ENOTDIR, ELOOP].contains(errno) else { throw failure("look at", path) }
      return nil
    }
    let opened = Descriptor(adopting: number)
    var status = stat()
    guard fstat(opened.number, &status) == 0 else { throw failure("look at", path) }
    return (status.st_mode & S_IFMT == S_IFDIR, status)
  }

  /// Without following a link on the way.
  static func isDirectory(_ path: [UInt8], in root: CInt) -> Bool {
    let number = retrying { clinux_find_in_root(root, path.map { CChar(bitPattern: $0) } + [0], 0) }
    guard number >= 0 else { return false }
    let opened = Descriptor(adopting: number)
    var status = stat()
    return fstat(opened.number, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private func isDirectory(_ path: [UInt8]) throws(ImageError) -> Bool { try status(path)?.isDirectory ?? false }

  private func failure(_ step: String, _ path: [UInt8]) -> ImageError {
    ImageError(SystemError(step, "/" + String(decoding: path, as: UTF8.self)))
  }

  /// Makes sure that the directory of a file is there. One that is below is in the archive all the same, as it is: it would
  /// be 0755 and root's to who reads the layer alone. A linked layer has none of them: it must not change what it lies on.
  mutating func enterParent(of path: [UInt8], _ owner: Owner) throws(ImageError) {
    guard let cut = path.lastIndex(of: Self.slash) else { return }
    try enter(Array(path[..<cut]), owner)
  }

  mutating func enter(_ directory: [UInt8], _ owner: Owner) throws(ImageError) {
    guard !directory.isEmpty, placed[directory] == nil else { return }
    try enterParent(of: directory, owner)
    let found = try status(directory)
    if let found, !found.isDirectory {
      throw ImageError("cannot copy to non-directory: /\(String(decoding: directory, as: UTF8.self))")
    }
    if let linkedTo, Self.isDirectory(directory, in: linkedTo) {
      placed[directory] = true
      return
    }
    var entry = TarEntry(
      kind: .directory, path: directory, mode: 0o755, uid: owner.uid, gid: owner.gid, modified: time(now))
    if let status = found?.status {
      entry.mode = status.st_mode & 0o7777
      (entry.uid, entry.gid) = (status.st_uid, status.st_gid)
      entry.modified = time(status)
      entry.attributes = try attributes(below: directory)
    }
    try add(entry)
  }

  private func attributes(below directory: [UInt8]) throws(ImageError) -> [TarEntry.Attribute] {
    guard let below else { return [] }
    let number = retrying { clinux_find_in_root(below, directory.map { CChar(bitPattern: $0) } + [0], 0) }
    guard number >= 0 else { throw failure("open", directory) }
    let opened = Descriptor(adopting: number)
    return try rethrowing { () throws(LayerError) in try PortableAttributes.of([UInt8(ascii: ".")], in: opened.number) }
  }

  // MARK: What is written

  private func time(_ status: stat) -> TarEntry.Time {
    time(Timestamp(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: UInt32(status.st_mtim.tv_nsec)))
  }

  func time(_ moment: Timestamp) -> TarEntry.Time {
    if let latest, moment.seconds >= latest { return TarEntry.Time(seconds: latest) }
    return TarEntry.Time(seconds: moment.seconds, nanoseconds: moment.nanoseconds)
  }

  mutating func add(_ entry: TarEntry) throws(ImageError) {
    placed[entry.path] = entry.kind == .directory
    try rethrowing { () throws(LayerError) in try writer.add(entry) }
  }

  private mutating func writeDocument(_ bytes: [UInt8], _ path: [UInt8]) throws(ImageError) {
    try enterParent(of: path, owner)
    let mode = request.settings.mode?.mode(of: 0o644, isDirectory: false) ?? 0o644
    try add(
      TarEntry(
        kind: .file, path: path, mode: mode, uid: owner.uid, gid: owner.gid, size: UInt64(bytes.count),
        modified: time(now)))
    if !bytes.isEmpty { try rethrowing { () throws(LayerError) in try writer.write(data: bytes) } }
  }

  /// `--parents`: the directories between the pivot point and the source.
  private mutating func makeParents(_ match: SourceMatch, _ destination: [UInt8]) throws(ImageError) -> [UInt8] {
    var base = destination
    for parent in match.parents {
      base = join(destination, parent.place)
      if try isDirectory(base) { continue }
      try copy(parent, of: match.tree, to: base)
    }
    return match.isDirectory ? join(base, match.name) : base
  }

  private mutating func copyDirectory(
    _ match: SourceMatch, to destination: [UInt8], _ check: () throws(ImageError) -> Void
  ) throws(ImageError) {
    guard let top = match.entries.first else { return }
    if let found = try status(destination) {
      guard found.isDirectory else {
        throw ImageError("cannot copy to non-directory: /\(String(decoding: destination, as: UTF8.self))")
      }
      try enter(destination, owner)
    } else {
      var entry = try entry(top, of: match.tree, destination)
      // BuildKit makes the destination before it copies: it is what is in the source that keeps its looks.
      if !match.isNested, !request.settings.keepsTop {
        entry.mode = request.settings.mode?.octal ?? 0o755
        (entry.uid, entry.gid, entry.attributes) = (owner.uid, owner.gid, [])
      }
      try enterParent(of: destination, owner)
      try add(entry)
    }
    for (number, entry) in match.entries.dropFirst().enumerated() {
      if number % 64 == 0 { try check() }
      try copy(entry, of: match.tree, to: join(destination, entry.place))
    }
  }

  private mutating func copy(
    _ source: SourceEntry, of tree: SourceTree, to path: [UInt8]
  ) throws(ImageError) {
    guard
      path.lastIndex(of: Self.slash).map({ path[($0 + 1)...] }).map({ !$0.starts(with: ".wh.".utf8) })
        ?? !path.starts(with: ".wh.".utf8)
    else {
      throw ImageError(
        "/\(String(decoding: path, as: UTF8.self)): names that begin with .wh. mean something else in a layer")
    }
    try enterParent(of: path, owner)
    if let found = try status(path), found.isDirectory != source.isDirectory {
      let text = String(decoding: path, as: UTF8.self)
      throw ImageError(
        source.isDirectory
          ? "cannot copy to non-directory: /\(text)" : "cannot replace the directory /\(text) with a file")
    }
    var entry = try entry(source, of: tree, path)
    if !source.isDirectory, source.status.st_nlink > 1 {
      let inode = Inode(device: UInt64(source.status.st_dev), number: UInt64(source.status.st_ino))
      if let first = links[inode] {
        (entry.kind, entry.target, entry.attributes, entry.size) = (.hardLink, first, [], 0)
        return try add(entry)
      }
      links[inode] = path
    }
    try add(entry)
    guard entry.kind == .file else { return }
    let content = SourceContent(tree, source.path, source.status)
    try content.read(into: &writer)
  }

  private func entry(
    _ source: SourceEntry, of tree: SourceTree, _ path: [UInt8]
  ) throws(ImageError) -> TarEntry {
    let status = source.status
    let keepsOwner = !tree.isContext
    let mode = status.st_mode & 0o7777
    let content = SourceContent(tree, source.path, status)
    var entry = TarEntry(
      kind: .file, path: path,
      mode: source.kind == S_IFLNK
        ? mode : request.settings.mode?.mode(of: mode, isDirectory: source.isDirectory) ?? mode,
      uid: ids?.uid ?? (keepsOwner ? status.st_uid : 0), gid: ids?.gid ?? (keepsOwner ? status.st_gid : 0),
      modified: time(status), attributes: try content.attributes())
    switch source.kind {
    case S_IFREG: entry.size = UInt64(status.st_size)
    case S_IFDIR: entry.kind = .directory
    case S_IFLNK: (entry.kind, entry.target) = (.symbolicLink, try content.target())
    case S_IFIFO: entry.kind = .fifo
    default:
      entry.kind = source.kind == S_IFCHR ? .characterDevice : .blockDevice
      let device = UInt64(status.st_rdev)
      entry.deviceMajor = UInt32(device >> 8 & 0xfff | device >> 32 & ~0xfff)
      entry.deviceMinor = UInt32(device & 0xff | device >> 12 & 0xffff_ff00)
    }
    return entry
  }
}

extension SourceContent {
  /// Copies the file's bytes as the current entry's data.
  func read(into writer: inout TarWriter) throws(ImageError) {
    try read { (bytes) throws in try writer.write(data: bytes) }
  }
}
