internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Store

/// Secrets as files in memory, gone with this value: never on a disk.
final class SecretFiles {
  private let directory: String
  private var count = 0

  init() throws(ImageError) {
    // Both are file systems in memory on every host.
    let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/run"
    directory = "\(base)/swiftcr-secrets-\(Hold.newName())"
    guard mkdir(directory, 0o700) == 0 else { throw ImageError(SystemError("make directory for secrets", directory)) }
  }

  deinit {
    for number in 0..<count { unlink("\(directory)/\(number)") }
    rmdir(directory)
  }

  func write(_ bytes: [UInt8], _ step: RunMount) throws(ImageError) -> String {
    let path = "\(directory)/\(count)"
    count += 1
    return try rethrowing { () throws(SystemError) in
      let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o400)
      try file.writeAll(bytes, subject: "secret")
      let number = file.number
      guard fchown(number, step.uid ?? 0, step.gid ?? 0) == 0, fchmod(number, step.mode ?? 0o400) == 0 else {
        throw SystemError("set owner and mode of secret")
      }
      return path
    }
  }
}
