internal import Glibc
internal import Kernel

/// Standard streams that a container shall not have: `/dev/null` until this value goes, which puts back what was there.
struct ReplacedStreams: ~Copyable {
  private var saved: [(number: CInt, copy: CInt)] = []

  init(_ numbers: [CInt]) throws(SystemError) {
    let null = try Descriptor.open("/dev/null", O_RDWR)
    for number in numbers {
      let copy = fcntl(number, F_DUPFD_CLOEXEC, 10)
      guard copy >= 0, dup2(null.number, number) >= 0 else { throw SystemError("replace stream", "\(number)") }
      saved.append((number, copy))
    }
  }

  deinit {
    for (number, copy) in saved {
      dup2(copy, number)
      close(copy)
    }
  }
}
