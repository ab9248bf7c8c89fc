internal import CLinux
internal import Glibc

/// An open file descriptor with one owner, closed when the owner goes.
public struct Descriptor: ~Copyable, Sendable {
  public let number: CInt

  /// Takes over a descriptor that somebody else opened.
  public init(adopting number: CInt) { self.number = number }

  deinit { _ = Glibc.close(number) }

  /// Gives the number away: the caller closes it, or lets a child inherit it.
  public consuming func release() -> CInt {
    let number = number
    discard self
    return number
  }

  /// Opens a host path; `O_CLOEXEC` is always added.
  public static func open(
    _ path: String, _ flags: CInt, mode: UInt32 = 0o600, at directory: CInt = workingDirectory
  ) throws(SystemError) -> Descriptor {
    let number = retrying { openat(directory, path, flags | O_CLOEXEC, mode) }
    guard number >= 0 else { throw SystemError("open", path) }
    return Descriptor(adopting: number)
  }

  /// A second descriptor of the same open file, with `FD_CLOEXEC`.
  public func duplicate() throws(SystemError) -> Descriptor {
    let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw SystemError("duplicate descriptor", "\(number)") }
    return Descriptor(adopting: copy)
  }

  /// Lets an executed program keep the descriptor (`false`), or not (`true`).
  public func closesOnExec(_ closes: Bool) throws(SystemError) {
    guard fcntl(number, F_SETFD, closes ? FD_CLOEXEC : 0) == 0 else {
      throw SystemError("set close-on-exec of descriptor", "\(number)")
    }
  }

  /// Reads to the end, or fails with `EFBIG` beyond `limit` bytes: what is read is often written by others.
  public func readAll(limit: Int, subject: String = "") throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    var size = 4096
    while true {
      let count = bytes.count
      var failed: SystemError?
      let chunk = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
        let got = retrying { read(number, buffer.baseAddress, size) }
        if got < 0 { failed = SystemError("read", subject) }
        filled = max(0, got)
      }
      if let failed { throw failed }
      if chunk.isEmpty { return bytes }
      guard count + chunk.count <= limit else { throw SystemError("read", subject, errno: Errno(EFBIG)) }
      if count == 0 { bytes = chunk } else { bytes += chunk }
      size = min(size * 4, 1 << 20)
    }
  }

  /// Writes all of the bytes.
  public func writeAll(_ bytes: some Collection<UInt8>, subject: String = "") throws(SystemError) {
    let bytes = Array(bytes)
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        retrying { Glibc.write(number, buffer.baseAddress?.advanced(by: written), bytes.count - written) }
      }
      guard count >= 0 else { throw SystemError("write", subject) }
      written += count
    }
  }

  /// Copies all from where this stands to another file, sharing blocks where the file system can.
  public func copyAll(to target: borrowing Descriptor, subject: String) throws(SystemError) {
    while true {
      let count = clinux_copy_range(number, target.number, 1 << 30)
      guard count >= 0 else { throw SystemError("copy", subject) }
      if count == 0 { return }
    }
  }

  /// Writes a text in one call, as the kernel's control files want it.
  public func write(_ text: String, subject: String = "") throws(SystemError) {
    var text = text
    let (count, wanted) = text.withUTF8 { buffer in
      (retrying { Glibc.write(number, buffer.baseAddress, buffer.count) }, buffer.count)
    }
    guard count == wanted else { throw SystemError("write", subject) }
  }
}

/// `AT_FDCWD`: relative paths start at the working directory.
public let workingDirectory: CInt = -100

/// Repeats a call that a signal interrupted.
public func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}

/// Reads a whole host file of bounded size.
public func readFile(_ path: String, limit: Int, at directory: CInt = workingDirectory) throws(SystemError) -> [UInt8] {
  let file = try Descriptor.open(path, O_RDONLY | O_NOCTTY, at: directory)
  return try file.readAll(limit: limit, subject: path)
}

/// Writes a text to an existing control file (cgroupfs, procfs) in one write(2).
public func writeControl(_ text: String, to path: String, at directory: CInt = workingDirectory) throws(SystemError) {
  let file = try Descriptor.open(path, O_WRONLY | O_NOCTTY, at: directory)
  try file.write(text, subject: path)
}
