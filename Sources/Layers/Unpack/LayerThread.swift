internal import CLinux
internal import Glibc
internal import Kernel

/// A second thread of a program, for as long as one function runs.
///
/// It has a umask of its own, none: what a layer's entries are made with is exactly what the archive says. Signals are for
/// the program's other threads.
public enum LayerThread {
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// Runs one function on a new thread and meanwhile another on this one; returns when both have.
  ///
  /// What both can reach they must share by locks, or not use at the same time.
  public static func run(_ body: () -> Void, beside other: () -> Void) throws(LayerError) {
    let failed = withoutActuallyEscaping(body) { body in
      let box = Unmanaged.passRetained(Body(body))
      var all = sigset_t()
      var before = sigset_t()
      sigfillset(&all)
      pthread_sigmask(SIG_SETMASK, &all, &before)
      var thread = pthread_t()
      let failed = pthread_create(&thread, nil, { Self.main($0) }, box.toOpaque())
      pthread_sigmask(SIG_SETMASK, &before, nil)
      guard failed == 0 else {
        box.release()
        return failed
      }
      other()
      pthread_join(thread, nil)
      return 0
    }
    guard failed == 0 else { throw LayerError("unpack layer: start thread: \(Errno(failed))", errno: Errno(failed)) }
  }

  private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    // Where a sandbox forbids a umask of the thread's own, it is the program's: there are no others that could be meant.
    if clinux_own_umask() != 0 { umask(0) }
    Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
    return nil
  }
}
