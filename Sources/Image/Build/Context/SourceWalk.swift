internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// Finds what the sources of a COPY name, and goes through it.
struct SourceWalk {
  let tree: SourceTree
  /// `--exclude`, from the root of each source.
  let excluded: IgnorePatterns?
  let check: () throws(ImageError) -> Void

  private static let mostEntries = 1 << 20
  private static let slash = UInt8(ascii: "/")

  /// - Parameter source: expanded; wildcards as Go's filepath.Match has them.
  /// - Throws: for a name that nothing has; a pattern may match nothing.
  func matches(_ source: String) throws(ImageError) -> [SourceMatch] {
    guard PathPattern.isWildcard(source) else { return [try match(source)] }
    let pattern: PathPattern
    let parts = source.split(separator: "/").filter { $0 != "." }
    guard !parts.contains("..") else { throw ImageError("\(source): .. and wildcards do not go together") }
    do {
      pattern = try PathPattern(parts.joined(separator: "/"))
    } catch {
      throw ImageError("\(error)")
    }
    var paths: [[UInt8]] = []
    try expand(parts.map(String.init)[...], below: [], &paths)
    let found = paths.filter { pattern.matches(String(decoding: $0, as: UTF8.self)) }
    return try matches(found)
  }

  /// What `--exclude` says of a file that a pattern found, it says by the file's name.
  private func matches(_ paths: [[UInt8]]) throws(ImageError) -> [SourceMatch] {
    var found: [SourceMatch] = []
    for path in paths {
      let match = try match(Self.text(path))
      if !match.isDirectory, excluded?.ignores(Self.text(match.name)) ?? false { continue }
      found.append(match)
    }
    return found
  }

  /// Everything that matches, at any depth (`**`).
  fileprivate func expand(
    _ pattern: PathPattern, below directory: [UInt8], _ paths: inout [[UInt8]]
  ) throws(ImageError) {
    try check()
    let opened = try tree.openDirectory(directory)
    for name in try names(opened, directory) {
      let path = directory.isEmpty ? name : directory + [Self.slash] + name
      let text = Self.text(path)
      if tree.ignores(path), !(tree.ignored?.mayContainIncluded(below: text) ?? false) { continue }
      if pattern.matches(text), !tree.ignores(path) { paths.append(path) }
      var status = stat()
      guard fstatat(opened.number, Self.cString(name), &status, AT_SYMLINK_NOFOLLOW) == 0,
        status.st_mode & S_IFMT == S_IFDIR, pattern.canMatch(below: text)
      else { continue }
      try expand(pattern, below: path, &paths)
    }
  }

  /// One level of a pattern after the other, so that only directories that can match are read.
  private func expand(
    _ parts: ArraySlice<String>, below directory: [UInt8], _ paths: inout [[UInt8]]
  ) throws(ImageError) {
    guard let part = parts.first else {
      paths.append(directory)
      return
    }
    let level: PathPattern
    do { level = try PathPattern(part) } catch { throw ImageError("\(error)") }
    let resolved = try tree.resolve(String(decoding: directory, as: UTF8.self))
    guard resolved.isDirectory else { return }
    let opened = try tree.openDirectory(resolved.bytes)
    for name in try names(opened, resolved.bytes) where level.matches(String(decoding: name, as: UTF8.self)) {
      let path = directory.isEmpty ? name : directory + [Self.slash] + name
      if tree.ignores(path), !(tree.ignored?.mayContainIncluded(below: String(decoding: path, as: UTF8.self)) ?? false)
      {
        continue
      }
      try expand(parts.dropFirst(), below: path, &paths)
    }
  }

  /// - Parameter source: a path in which nothing is a wildcard.
  func match(_ source: String) throws(ImageError) -> SourceMatch {
    let resolved = try tree.resolve(source)
    let isHidden = tree.ignores(resolved.bytes)
    guard resolved.status != nil, !isHidden || resolved.isDirectory else {
      let reason = isHidden ? ": an ignore file leaves it out" : ""
      throw ImageError("\"/\(source.drop { $0 == "/" })\": not found in \(tree.name)\(reason)", errno: .noEntry)
    }
    let written = Array(source.utf8).split(separator: Self.slash).filter { !$0.elementsEqual(".".utf8) }
    var match = SourceMatch(tree: tree, name: Array(written.last ?? []), entries: [])
    let top = try entry(resolved.bytes, [], try tree.open(resolved.bytes), name: nil)
    match.entries.append(top)
    if top.isDirectory { try walk(try tree.openDirectory(resolved.bytes), top, &match.entries) }
    if isHidden, match.entries.count == 1 {
      throw ImageError("\"/\(source)\": not found in \(tree.name): an ignore file leaves it out", errno: .noEntry)
    }
    return match
  }

  private func walk(
    _ directory: borrowing Descriptor, _ parent: SourceEntry, _ entries: inout [SourceEntry]
  ) throws(ImageError) {
    try check()
    for name in try names(directory, parent.path) {
      let path = parent.path.isEmpty ? name : parent.path + [Self.slash] + name
      let place = parent.place.isEmpty ? name : parent.place + [Self.slash] + name
      let isHidden = isHidden(path, place)
      let mayHold = isHidden && mayHoldIncluded(path, place)
      if isHidden, !mayHold { continue }
      let entry = try entry(path, place, directory, name: name)
      guard entry.isDirectory else {
        if isHidden || entry.kind == S_IFSOCK { continue }
        entries.append(entry)
        try checkCount(entries)
        continue
      }
      let before = entries.count
      entries.append(entry)
      try checkCount(entries)
      let opened: Descriptor
      do throws(SystemError) { opened = try Directories.openOwn(Self.cString(name), at: directory.number) } catch {
        guard error.errno == Errno(EXDEV) else { throw ImageError("\(tree.name): \(error)", errno: error.errno) }
        // Another file system is mounted there.
        opened = try tree.openDirectory(path)
      }
      try walk(opened, entry, &entries)
      // A directory that is left out is there only for what in it is not.
      if isHidden, entries.count == before + 1 { entries.removeLast() }
    }
  }

  private func checkCount(_ entries: [SourceEntry]) throws(ImageError) {
    guard entries.count <= Self.mostEntries else {
      throw ImageError(
        "\(tree.name): more than \(Self.mostEntries) files in one step: leave some out with .dockerignore")
    }
  }

  private func isHidden(_ path: [UInt8], _ place: [UInt8]) -> Bool {
    if tree.ignored == nil, excluded == nil { return false }
    return tree.ignored?.ignores(Self.text(path)) ?? false || excluded?.ignores(Self.text(place)) ?? false
  }

  private func mayHoldIncluded(_ path: [UInt8], _ place: [UInt8]) -> Bool {
    tree.ignored?.mayContainIncluded(below: Self.text(path)) ?? true
      && excluded?.mayContainIncluded(below: Self.text(place)) ?? true
  }

  private static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }

  /// - Parameter name: in the directory; `nil` is what the descriptor itself is.
  private func entry(
    _ path: [UInt8], _ place: [UInt8], _ directory: borrowing Descriptor, name: [UInt8]?
  ) throws(ImageError) -> SourceEntry {
    var status = stat()
    let code =
      if let name { fstatat(directory.number, Self.cString(name), &status, AT_SYMLINK_NOFOLLOW) } else {
        fstat(directory.number, &status)
      }
    guard code == 0 else { throw tree.failure("look at", path) }
    let digest: Digest
    if let known = tree.digests?.find(path, status) {
      digest = known
    } else {
      let started = Timestamp.now
      digest = try SourceContent(tree, path, status).digest()
      tree.digests?.remember(path, status, digest, at: started)
    }
    return SourceEntry(path: path, place: place, status: status, digest: digest)
  }

  private func directory(_ path: [UInt8], _ place: [UInt8]) throws(ImageError) -> SourceEntry {
    try entry(path, place, try tree.open(path), name: nil)
  }

  /// In the order of their bytes.
  private func names(_ directory: borrowing Descriptor, _ path: [UInt8]) throws(ImageError) -> [[UInt8]] {
    var names: [[UInt8]] = []
    let number = directory.number
    do throws(SystemError) {
      var isEnd = false
      while !isEnd {
        isEnd = try Directories.readEntries(number) { (name, _) throws(SystemError) in
          names.append(Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
          guard names.count <= Self.mostEntries else { throw SystemError("list directory", errno: Errno(EOVERFLOW)) }
        }
      }
    } catch {
      throw ImageError("\(tree.name): \(String(decoding: path, as: UTF8.self)): \(error)", errno: error.errno)
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private static func cString(_ name: [UInt8]) -> [CChar] { name.map { CChar(bitPattern: $0) } + [0] }
}

extension SourceWalk {
  /// `--parents`: the directories that lead to a source are made as well, those behind a `/./` if there is one.
  func matchesWithParents(_ source: String) throws(ImageError) -> [SourceMatch] {
    var pivot = ""
    var pattern = source
    if let cut = source.firstRange(of: "/./") {
      pivot = String(source[..<cut.lowerBound])
      pattern = pivot + "/" + String(source[cut.upperBound...])
    }
    let skipped = pivot.split(separator: "/").filter { $0 != "." }.count
    return try anyDepth(pattern).map { (match) throws(ImageError) in
      var match = match
      guard let top = match.entries.first else { return match }
      let parts = top.path.split(separator: UInt8(ascii: "/"))
      for count in stride(from: skipped + 1, to: parts.count, by: 1) {
        let path = Array(parts[..<count].joined(separator: [UInt8(ascii: "/")]))
        let place = Array(parts[skipped..<count].joined(separator: [UInt8(ascii: "/")]))
        match.parents.append(try directory(path, place))
      }
      match.isNested = true
      return match
    }
  }

  private func anyDepth(_ source: String) throws(ImageError) -> [SourceMatch] {
    guard source.contains("**") else { return try matches(source) }
    let parts = source.split(separator: "/").filter { $0 != "." }
    guard !parts.contains("..") else { throw ImageError("\(source): .. and wildcards do not go together") }
    var paths: [[UInt8]] = []
    do {
      try expand(try PathPattern(parts.joined(separator: "/"), .anyDepth), below: [], &paths)
    } catch {
      throw ImageError(error)
    }
    return try matches(paths)
  }
}
