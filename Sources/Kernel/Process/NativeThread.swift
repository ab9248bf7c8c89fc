internal import Glibc

/// A thread of its own for one function that waits: for a disk, a signal, another program. `swiftcr` itself starts none.
public struct NativeThread: ~Copyable, Sendable {
  private let thread: pthread_t

  private final class Work: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Starts it. Whoever does not `join` it, must `detach` it.
  public init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    let work = Unmanaged.passRetained(Work(body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    guard code == 0 else {
      work.release()
      throw SystemError("start thread", errno: Errno(code))
    }
    self.thread = thread
  }

  /// Nobody waits for it.
  public consuming func detach() { pthread_detach(thread) }

  /// Waits for its end.
  public consuming func join() { pthread_join(thread, nil) }
}
