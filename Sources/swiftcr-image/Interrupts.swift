internal import Glibc
internal import Kernel
internal import Synchronization

/// Signals that ask the program to end, handed to a thread of its own: what a handler may do is next to nothing.
enum Interrupts {
  private static let pipe = Atomic<Int32>(-1)

  /// Calls the body when the first of them comes; the second ends the program.
  static func watch(_ body: @escaping @Sendable () -> Void) throws {
    var ends: [CInt] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else { throw SystemError("make pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    pipe.store(ends[1], ordering: .releasing)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        var byte = UInt8(truncatingIfNeeded: number)
        _ = Glibc.write(Interrupts.pipe.load(ordering: .acquiring), &byte, 1)
        signal(number, SIG_DFL)
      }
    }
    let reader = ends[0]
    try NativeThread {
      var byte: UInt8 = 0
      if retrying({ read(reader, &byte, 1) }) == 1 { body() }
    }.detach()
  }
}
