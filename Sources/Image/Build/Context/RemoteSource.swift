internal import Glibc
internal import Kernel
internal import OCI

/// A source of ADD that is no file of the context.
enum RemoteSource {
  case web(String)
  /// A repository on this host: its directory, what to check out, and which directory of it.
  case repository(path: String, revision: String?, directory: String?)

  /// What was fetched.
  struct Fetched {
    var directory: String
    /// The one file in it; `nil` is all of it.
    var file: String?
    /// For messages.
    var name: String
    /// What stands for its files, which are not the same each time: of a repository, the commit.
    var identity: String?
  }

  /// `nil` for a path of the context.
  init?(parsing text: String) throws(BuildFailure) {
    let isWeb = text.hasPrefix("http://") || text.hasPrefix("https://")
    let address = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if text.hasPrefix("git@") || text.hasPrefix("git://") || text.hasPrefix("ssh://")
      || isWeb && address[0].hasSuffix(".git")
    {
      throw BuildFailure(
        "ADD \(text): repositories are taken from this host only: clone it, and use file://PATH#REVISION")
    }
    if isWeb {
      self = .web(text)
      return
    }
    guard text.hasPrefix("file://") else { return nil }
    let parts =
      address.count > 1
      ? address[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init) : []
    self = .repository(
      path: String(address[0].dropFirst("file://".count)), revision: parts.first.flatMap { $0.isEmpty ? nil : $0 },
      directory: parts.count > 1 ? parts[1] : nil)
  }

  func fetch(_ session: BuildSession, checksum: String?, keepsGitDirectory: Bool) throws -> Fetched {
    switch self {
    case .web(let address):
      return try WebSource(session).fetch(address, checksum: try checksum.map { try Digest(validating: $0) })
    case .repository(let path, let revision, let directory):
      return try Repository(session, path).checkOut(
        revision, directory, checksum: checksum, keepsGitDirectory: keepsGitDirectory)
    }
  }
}

/// A git repository of this host, checked out by the host's git.
private struct Repository {
  private let session: BuildSession
  private let path: String

  init(_ session: BuildSession, _ path: String) { (self.session, self.path) = (session, path) }

  /// Nothing of the repository is executed: files are checked out by a repository of our own, with no configuration, so there
  /// are no hooks and no filters; the other one is only asked for objects.
  private static let settings = [
    "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never", "-c", "protocol.file.allow=always", "-c",
    "core.fsmonitor=false", "-c", "safe.directory=*", "-c", "advice.detachedHead=false", "-c", "core.symlinks=true",
  ]

  /// - Parameter checksum: the commit's id, or how it begins; an annotated tag may be meant by its own.
  func checkOut(
    _ revision: String?, _ directory: String?, checksum: String?, keepsGitDirectory: Bool
  ) throws -> RemoteSource.Fetched {
    let wanted = revision ?? "HEAD"
    guard !wanted.hasPrefix("-"), path.hasPrefix("/") else {
      throw BuildFailure("ADD file://\(path)#\(wanted): expected an absolute path, and a branch, tag or commit")
    }
    let place = session.newPath("repository")
    guard mkdir(place, 0o755) == 0 else { throw SystemError("make", place) }
    let own = ["-C", place] + Self.settings
    try git(own + ["init", "--quiet", "--template="])
    do {
      try git(own + ["fetch", "--quiet", "--depth", "1", "--no-tags", "--", "file://\(path)", wanted])
    } catch {
      // A commit by its id is not handed out unless a branch ends there.
      try git(own + ["fetch", "--quiet", "--no-tags", "--", "file://\(path)", "+refs/*:refs/fetched/*"])
      try git(own + ["update-ref", "FETCH_HEAD", wanted])
    }
    if let checksum { try check(checksum, own) }
    try git(own + ["checkout", "--quiet", "--detach", "FETCH_HEAD"])
    let identity = "\(try resolve("HEAD", own)) \(directory ?? "") \(keepsGitDirectory ? ".git" : "")"
    if !keepsGitDirectory { session.library.discard("\(place)/.git") }
    let root = try Descriptor.open(place, O_RDONLY | O_DIRECTORY)
    guard let directory, !directory.isEmpty else {
      return RemoteSource.Fetched(
        directory: place, file: nil, name: "the repository \(path)", identity: identity)
    }
    let found = try TreePath(resolving: Array(directory.utf8), at: root.number, mayLeave: false)
    guard found.isDirectory else { throw BuildFailure("ADD: the repository \(path) has no directory \(directory)") }
    return RemoteSource.Fetched(
      directory: "\(place)/\(found.text)", file: nil, name: "the repository \(path)", identity: identity)
  }

  private func check(_ checksum: String, _ own: [String]) throws {
    guard !checksum.isEmpty, checksum.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else {
      throw BuildFailure("ADD --checksum=\(checksum): expected the id of a commit, in hexadecimal")
    }
    let ids = try ["FETCH_HEAD", "FETCH_HEAD^{commit}"].map { try resolve($0, own) }
    guard ids.contains(where: { $0.hasPrefix(checksum.lowercased()) }) else {
      throw BuildFailure("ADD file://\(path): its commit is \(ids[1]) where \(checksum) is expected")
    }
  }

  private func resolve(_ name: String, _ own: [String]) throws -> String {
    String(try git(own + ["rev-parse", name]).prefix { $0 != "\n" })
  }

  @discardableResult
  private func git(_ arguments: [String]) throws -> String {
    try session.interruption.check()
    // env(1) takes away what the caller's environment would tell git.
    let environment = [
      "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1",
      "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0", "GIT_ATTR_NOSYSTEM=1",
    ]
    do {
      return try HostProgram.output("env", environment + ["sh", "-c", "umask 022; exec git \"$@\"", "git"] + arguments)
    } catch {
      throw BuildFailure("ADD file://\(path): git cannot check it out: see above")
    }
  }
}
