internal import Glibc

/// A value that is not there yet: of a stage, or of a blob that is being compressed. Whoever needs it waits, on a thread
/// that may be kept waiting.
final class Gate<Value: Sendable>: @unchecked Sendable {
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  /// Under the lock; never changes again once it is there.
  private var result: Result<Value, ImageError>?

  init() {
    pthread_mutex_init(lock, nil)
    pthread_cond_init(changed, nil)
  }

  /// One that was open from the start.
  convenience init(_ value: Value) {
    self.init()
    open(.success(value))
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(lock)
    changed.deallocate()
    lock.deallocate()
  }

  /// Lets everybody through; the first result stays.
  func open(_ value: Result<Value, ImageError>) {
    pthread_mutex_lock(lock)
    if result == nil { result = value }
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(lock)
  }

  /// What there is by now.
  var peek: Result<Value, ImageError>? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return result
  }

  /// Waits for the value.
  func pass() throws(ImageError) -> Value {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    while true {
      if let result { return try result.get() }
      pthread_cond_wait(changed, lock)
    }
  }

  /// Waits for a value that a task makes.
  static func wait(for body: @escaping @Sendable () async throws -> Value) throws(ImageError) -> Value {
    let gate = Gate()
    Task {
      do { gate.open(.success(try await body())) } catch { gate.open(.failure(ImageError(error))) }
    }
    return try gate.pass()
  }
}
