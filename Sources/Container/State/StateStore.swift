internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

/// The directory of all containers' journals.
public struct StateStore: ~Copyable {
  private let directory: Descriptor
  private let path: String

  /// `/run/swiftcr`, or below XDG_RUNTIME_DIR for a user.
  public static var defaultRoot: String {
    if geteuid() == 0 { return "/run/swiftcr" }
    guard let runtime = getenv("XDG_RUNTIME_DIR") else { return "/tmp/swiftcr-\(geteuid())" }
    return String(cString: runtime) + "/swiftcr"
  }

  /// Opens the directory, made with its parents when missing.
  ///
  /// - Throws: also when others may write to it: they could plant a container.
  public init(root: String) throws(ContainerError) {
    let opened = try kernel { () throws(SystemError) in try Directories.open(root) }
    var status = stat()
    guard fstat(opened.number, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
      throw ContainerError("state directory \(root): must belong to the caller and be writable by nobody else")
    }
    directory = opened
    path = root
  }

  /// Takes an id: from now on nobody else gets it.
  func reserve(_ id: String) throws(ContainerError) -> Journal {
    let file: Descriptor
    do throws(SystemError) {
      file = try Descriptor.open(
        "\(id).journal", O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, mode: 0o600, at: directory.number)
    } catch {
      throw error.errno == .exists ? .inUse : ContainerError(error)
    }
    // Not waited for: the file is ours alone, but a `delete` may look at it this moment.
    flock(file.number, LOCK_EX)
    return Journal(id: id, file: file, directory: directory.number, directoryPath: path)
  }

  /// Opens a container's journal.
  ///
  /// - Parameter lock: waits until no other command changes the container.
  func open(_ id: String, lock: Bool) throws(ContainerError) -> Journal {
    var journal = Journal(
      id: id, file: try opened(id, lock: lock), directory: directory.number, directoryPath: path)
    try journal.load()
    return journal
  }

  private func opened(_ id: String, lock: Bool) throws(ContainerError) -> Descriptor {
    let file: Descriptor
    do throws(SystemError) {
      file = try Descriptor.open("\(id).journal", O_RDWR | O_APPEND | O_NOFOLLOW, at: directory.number)
    } catch {
      throw error.errno == .noEntry ? .notFound : ContainerError(error)
    }
    guard lock else { return file }
    let number = file.number
    guard retrying({ flock(number, LOCK_EX) }) == 0 else { throw ContainerError(SystemError("lock state of", id)) }
    // Deleted while we waited, and perhaps made again.
    var ours = stat()
    var named = stat()
    guard fstat(number, &ours) == 0 else { throw ContainerError(SystemError("read state of", id)) }
    guard fstatat(directory.number, "\(id).journal", &named, AT_SYMLINK_NOFOLLOW) == 0 else { throw .notFound }
    return ours.st_ino == named.st_ino ? file : try opened(id, lock: lock)
  }

  /// All containers' ids, sorted.
  func ids() throws(ContainerError) -> [String] {
    let names = try kernel { () throws(SystemError) in try Directories.names(path) }
    return names.filter { $0.hasSuffix(".journal") }.map { String($0.dropLast(8)) }.sorted()
  }
}
