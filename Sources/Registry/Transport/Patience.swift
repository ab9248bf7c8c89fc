/// How long to wait for a registry, and how often to try again.
public struct Patience: Sendable {
  /// For a connection, TLS included.
  public var connect: Duration = .seconds(10)
  /// For the next bytes of an answer; in each such time at least `slowest` bytes have to come.
  public var idle: Duration = .seconds(60)
  /// Bytes in the time `idle`: less is a peer that only holds us.
  public var slowest = 1024
  /// Failures in a row, without any progress between, after which an operation is given up.
  public var attempts = 6
  /// Before the second attempt; doubled before each further one.
  public var pause: Duration = .milliseconds(500)
  /// The most, also when the registry asks for more (`Retry-After`).
  public var longestPause: Duration = .seconds(60)

  public init() {}

  /// Before attempt number `attempt` (1 is the second), with what the registry asked for.
  func pause(before attempt: Int, retryAfter: Duration? = nil) -> Duration {
    var pause = self.pause
    for _ in 1..<max(1, min(attempt, 20)) { pause = min(pause * 2, longestPause) }
    // Many clients that were cut at once should not all come back at once.
    let spread = pause * Double.random(in: 0.75...1.25)
    return min(max(spread, retryAfter ?? .zero), longestPause)
  }

  /// Repeats an operation as long as its failures are of the passing kind.
  func retrying<Value>(
    isolation: isolated (any Actor)? = #isolation, _ operation: () async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    var attempt = 0
    while true {
      do throws(Failure) {
        return try await operation()
      } catch {
        attempt += 1
        try await wait(after: error, attempt: attempt)
      }
    }
  }

  /// Waits before the next attempt, or throws the failure if there is to be none.
  func wait(
    after failure: Failure, attempt: Int, isolation: isolated (any Actor)? = #isolation
  ) async throws(Failure) {
    guard failure.isTransient, attempt < attempts else { throw failure }
    do { try await Task.sleep(for: pause(before: attempt, retryAfter: failure.retryAfter)) } catch { throw failure }
  }
}
