internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Synchronization

/// The contexts of a build, opened when they are needed first.
final class ContextStore: Sendable {
  private let session: BuildSession
  /// The main context's directory; `nil` when there is none.
  let directory: String?
  private let ignored: IgnorePatterns?
  private let trees = Mutex<[String: SourceTree]>([:])

  init(_ session: BuildSession, directory: String?, ignored: IgnorePatterns?) {
    (self.session, self.directory, self.ignored) = (session, directory, ignored)
  }

  func main() throws(ImageError) -> SourceTree {
    guard let directory else { return try empty() }
    return try tree(directory, name: "the context", ignored)
  }

  /// Of `--build-context`; it has an ignore file of its own.
  func directory(_ path: String) throws(ImageError) -> SourceTree {
    var ignored: IgnorePatterns?
    if let bytes = try? readFile("\(path)/.dockerignore", limit: 1 << 20) {
      do { ignored = try IgnorePatterns(parsing: bytes) } catch {
        throw ImageError("\(path)/.dockerignore:\(error.line): \(error)")
      }
    }
    return try tree(path, name: "the context \(path)", ignored)
  }

  func empty() throws(ImageError) -> SourceTree {
    let path = "\(session.workspace)/nothing"
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw ImageError(SystemError("make", path)) }
    return try tree(path, name: "the context (there is none)", nil)
  }

  private func tree(_ path: String, name: String, _ ignored: IgnorePatterns?) throws(ImageError) -> SourceTree {
    guard let resolved = realpath(path, nil) else { throw ImageError(SystemError("find context", path)) }
    defer { free(resolved) }
    let real = String(cString: resolved)
    if let known = trees.withLock({ $0[real] }) { return known }
    let root = try rethrowing { () throws(SystemError) in try Descriptor.open(real, O_RDONLY | O_DIRECTORY) }
    let isOwn = real.hasPrefix(session.workspace)
    let tree = SourceTree(
      root, name: name, ignored: ignored, isContext: true,
      digests: isOwn ? nil : ContentDigests(of: real, session.library.layout))
    trees.withLock { $0[real] = tree }
    return tree
  }

  /// Remembers the files' digests for the next build.
  func write() {
    for tree in trees.withLock({ Array($0.values) }) { tree.digests?.write(in: session.library, session.hold) }
  }
}
