internal import CLinux
internal import Glibc
internal import Kernel
internal import Layers

/// A path of one side of `cp`, on the host or in a container, in which symbolic links lead nowhere out of it.
struct CopyPlace {
  /// The container's root; `nil` is the host.
  let root: CInt?
  /// Without `.` and `..`, as docker reads it: `a/../b` is `b` whatever `a` is.
  let path: String
  /// It ends with a slash, so it is a directory.
  let saysDirectory: Bool
  /// It ends with `/.`: what is in the directory is meant.
  let saysContents: Bool

  init(_ text: String, in root: CInt?) {
    self.root = root
    saysContents = text == "." || text.hasSuffix("/.")
    saysDirectory = saysContents || text.isEmpty || text.hasSuffix("/") || text == ".." || text.hasSuffix("/..")
    var parts: [Substring] = []
    let isAbsolute = root != nil || text.hasPrefix("/")
    for part in text.split(separator: "/") where part != "." {
      let goesUp = part == ".." && (isAbsolute || (!parts.isEmpty && parts.last != ".."))
      if goesUp { _ = parts.popLast() } else { parts.append(part) }
    }
    path = (isAbsolute ? "/" : "") + parts.joined(separator: "/")
  }

  private init(_ path: String, like other: CopyPlace) {
    (root, self.path) = (other.root, path)
    (saysDirectory, saysContents) = (other.saysDirectory, other.saysContents)
  }

  /// The last part; empty for a root and for the working directory.
  var name: String { path.split(separator: "/").last.map(String.init) ?? "" }

  var parent: CopyPlace {
    guard let slash = path.lastIndex(of: "/") else { return CopyPlace("", like: self) }
    return CopyPlace(String(path[...slash]), like: self)
  }

  /// Opens it, all links followed.
  ///
  /// - Returns: `nil` when there is nothing.
  func open() throws(ImageError) -> Descriptor? {
    let name = path.isEmpty ? "." : path
    let number = retrying { root.map { clinux_find_in_root($0, name, 1) } ?? clinux_open_path(name) }
    if number < 0, errno == ENOENT { return nil }
    guard number >= 0 else { throw ImageError(SystemError("open", path)) }
    return Descriptor(adopting: number)
  }

  struct Found {
    var isDirectory: Bool
  }

  /// What is there, all links followed.
  func find() throws(ImageError) -> Found? {
    guard let found = try open() else { return nil }
    var status = stat()
    guard fstat(found.number, &status) == 0 else { throw ImageError(SystemError("look at", path)) }
    return Found(isDirectory: status.st_mode & S_IFMT == S_IFDIR)
  }

  /// What is to be copied: a link itself, unless it is to be followed.
  func source(followsLink: Bool) throws(ImageError) -> FileCopy.Source {
    var place = self
    for _ in 0..<40 {
      // A directory by itself: a root, or the end of a link to `..`.
      let name = place.name
      guard !name.isEmpty, name != "..", name != "." else {
        return FileCopy.Source(Array(".".utf8), in: try place.existing())
      }
      let parent = try place.parent.existing()
      var status = stat()
      guard fstatat(parent.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw place.missing }
      let isLink = status.st_mode & S_IFMT == S_IFLNK
      guard isLink, followsLink || saysDirectory else {
        if saysDirectory, status.st_mode & S_IFMT != S_IFDIR {
          throw ImageError("cp: \(path) is not a directory", errno: .notDirectory)
        }
        return FileCopy.Source(Array(name.utf8), in: parent)
      }
      var target = [CChar](repeating: 0, count: 4097)
      guard readlinkat(parent.number, name, &target, 4096) > 0 else {
        throw ImageError(SystemError("read symbolic link", path))
      }
      let text = String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      place = CopyPlace(text.hasPrefix("/") ? text : place.parent.path + text, like: self)
    }
    throw ImageError("cp: \(path): too many symbolic links", errno: Errno(ELOOP))
  }

  private func existing() throws(ImageError) -> Descriptor {
    guard let found = try open() else { throw missing }
    return found
  }

  private var missing: ImageError {
    ImageError(
      root == nil
        ? "cp: \(path): no such file or directory" : "cp: could not find the file \(path) in the container",
      errno: .noEntry)
  }
}
