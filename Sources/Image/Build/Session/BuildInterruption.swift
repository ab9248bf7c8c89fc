internal import Glibc
internal import Kernel
internal import Synchronization

/// Somebody wants the build to end. Containers of RUN steps are killed at once, all else notices at its next look.
public final class BuildInterruption: Sendable {
  private struct State {
    var isInterrupted = false
    /// The containers that run, with what removes each.
    var running: [String: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  public var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

  /// From a thread, not from a signal's handler.
  public func interrupt() {
    while true {
      let endings = state.withLock { state in
        state.isInterrupted = true
        return Array(state.running.values)
      }
      if endings.isEmpty { return }
      for end in endings { end() }
      // One that was being started was not there yet.
      usleep(20_000)
    }
  }

  func check() throws(ImageError) {
    if isInterrupted { throw .interrupted }
  }

  /// Runs a container; `end` is called if the build is interrupted meanwhile.
  func whileRunning<Value>(
    _ id: String, end: @escaping @Sendable () -> Void, _ body: () throws(ImageError) -> Value
  ) throws(ImageError) -> Value {
    let mayRun = state.withLock { state in
      if !state.isInterrupted { state.running[id] = end }
      return !state.isInterrupted
    }
    guard mayRun else { throw .interrupted }
    defer { state.withLock { $0.running[id] = nil } }
    return try body()
  }
}

extension ImageError {
  static let interrupted = ImageError("interrupted", errno: Errno(EINTR))
  public var isInterruption: Bool { errno == Errno(EINTR) && description == "interrupted" }
}
