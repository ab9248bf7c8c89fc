internal import CLinux
internal import Glibc
internal import OCI

/// Programs that libseccomp has compiled, each in a file that is named after the profile's digest.
///
/// libseccomp takes 9 to 25 ms for an engine's default profile. Such profiles never get here, `SeccompGenerator` makes
/// them in half a millisecond; the cache is for what it leaves to libseccomp. Nothing that goes wrong in it is an
/// error: then the filter is compiled. A directory or file that somebody else could have written is not used.
public struct SeccompCache: Sendable {
  /// The directory is made if it is not there, its parent is not.
  public let directory: String
  /// The number of files; beyond it the oldest go.
  public let limit: Int

  /// A cache in a directory of ours, `/var/lib/swiftcr/seccomp` say.
  public init(directory: String, limit: Int = 128) {
    self.directory = directory
    self.limit = limit
  }

  /// The largest program is 4096 instructions of 8 bytes.
  private static let maximum = 4096 * 8
  private static let magic = Array("swiftcr-seccomp1".utf8)
  private static let headerSize = 16 + 32

  /// The kept program, or `nil` if there is none that can be trusted.
  func program(_ key: [UInt8]) -> [UInt8]? {
    guard let directory = open(),
      let file = try? Descriptor.open(
        SeccompCache.hex(key), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, at: directory.number),
      let status = SeccompCache.status(file.number), status.st_mode & S_IFMT == S_IFREG,
      SeccompCache.isOurs(status),
      let bytes = try? file.readAll(limit: SeccompCache.headerSize + SeccompCache.maximum),
      bytes.count > SeccompCache.headerSize, bytes.count % 8 == 0, bytes.starts(with: SeccompCache.magic)
    else { return nil }
    let program = Array(bytes[SeccompCache.headerSize...])
    // The key is part of it: a whole file under another's name is as foreign as a torn one.
    guard SHA256.digest(key + program)[...] == bytes[16..<SeccompCache.headerSize] else { return nil }
    return program
  }

  /// Keeps a program: written aside, then renamed, so that no reader sees a half.
  func store(_ program: [UInt8], _ key: [UInt8]) {
    guard program.count <= SeccompCache.maximum, let directory = open() else { return }
    let name = SeccompCache.hex(key)
    let temporary = ".\(name).\(getpid())"
    // What another process with this number left behind.
    unlinkat(directory.number, temporary, 0)
    guard
      let file = try? Descriptor.open(
        temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, at: directory.number)
    else { return }
    let written: Void? = try? file.writeAll(SeccompCache.magic + SHA256.digest(key + program) + program)
    guard written != nil, renameat(directory.number, temporary, directory.number, name) == 0 else {
      unlinkat(directory.number, temporary, 0)
      return
    }
    removeOldest(directory.number)
  }

  /// The digest of everything that the program depends on.
  static func key(_ profile: OCI.Seccomp) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16 << 10)
    func append(_ number: UInt64) { withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) } }
    // Each text with its length, so that no two profiles have the same bytes.
    func append(_ text: String) {
      append(UInt64(text.utf8.count))
      bytes.append(contentsOf: text.utf8)
    }
    bytes += magic
    append(SeccompNames.libraryVersion)
    append(kernelRelease())
    append(profile.defaultAction)
    append(profile.defaultErrnoRet.map { UInt64($0) } ?? .max)
    append(UInt64(profile.architectures.count))
    for name in profile.architectures { append(name) }
    append(UInt64(profile.syscalls.count))
    for rule in profile.syscalls {
      append(rule.action)
      append(rule.errnoRet.map { UInt64($0) } ?? .max)
      append(UInt64(rule.names.count))
      for name in rule.names { append(name) }
      append(UInt64(rule.args.count))
      for argument in rule.args {
        append(UInt64(argument.index))
        append(argument.value)
        append(argument.valueTwo)
        append(argument.op)
      }
    }
    return SHA256.digest(bytes)
  }

  private func open() -> Descriptor? {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
    var opened = try? Descriptor.open(directory, flags)
    if opened == nil, mkdir(directory, 0o700) == 0 { opened = try? Descriptor.open(directory, flags) }
    guard let opened, let status = SeccompCache.status(opened.number), SeccompCache.isOurs(status) else { return nil }
    return opened
  }

  private func removeOldest(_ directory: CInt) {
    // A descriptor of its own: closedir closes it.
    let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { return }
    guard let stream = fdopendir(copy) else {
      close(copy)
      return
    }
    defer { closedir(stream) }
    var files: [(name: String, changed: timespec)] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var status = stat()
      guard name.utf8.count >= 64, fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      files.append((name, status.st_mtim))
    }
    guard files.count > limit else { return }
    files.sort { ($0.changed.tv_sec, $0.changed.tv_nsec) < ($1.changed.tv_sec, $1.changed.tv_nsec) }
    for file in files.prefix(files.count - limit) { unlinkat(directory, file.name, 0) }
  }

  private static func status(_ number: CInt) -> stat? {
    var status = stat()
    return fstat(number, &status) == 0 ? status : nil
  }

  /// Nobody but us (and root) can have written it.
  private static func isOurs(_ status: stat) -> Bool {
    status.st_uid == geteuid() && status.st_mode & (S_IWGRP | S_IWOTH) == 0
  }

  static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  private static func kernelRelease() -> String {
    var names = utsname()
    guard uname(&names) == 0 else { return "" }
    return withUnsafePointer(to: &names.release) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
    }
  }
}
