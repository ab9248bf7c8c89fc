internal import Glibc

/// Buffers that go round between two threads: one fills them, the other empties them, and each is hashed on the way, by
/// whichever thread would otherwise wait. So both processors are busy whether it is the decompression that takes longer
/// or the writing.
///
/// A buffer is free again when it is both emptied and hashed. Hashing goes in order, one buffer at a time.
final class BufferRing: @unchecked Sendable {
  /// 2 MiB: more does not help, less leaves one thread waiting for the other.
  private static let count = 8
  private static let size = 256 << 10

  private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count * size, alignment: 4096)
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let hash: (UnsafeRawBufferPointer) -> Void

  // Under the lock: how many buffers were filled, emptied and hashed so far.
  private var lengths = [Int](repeating: 0, count: count)
  private var filled = 0
  private var emptied = 0
  private var hashed = 0
  private var isHashing = false
  private var isComplete = false
  private var failure: LayerError?

  /// - Parameter hash: is called with each buffer, in order, on any of the two threads.
  init(hash: @escaping (UnsafeRawBufferPointer) -> Void) {
    self.hash = hash
    pthread_mutex_init(lock, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(lock)
    changed.deallocate()
    lock.deallocate()
    memory.deallocate()
  }

  private func buffer(_ index: Int) -> UnsafeMutableRawBufferPointer {
    let start = index % Self.count * Self.size
    return UnsafeMutableRawBufferPointer(rebasing: memory[start..<(start + Self.size)])
  }

  private func contents(_ index: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: buffer(index)[..<lengths[index % Self.count]])
  }

  /// The first thread's part.
  ///
  /// - Parameter fill: fills a buffer and returns how far; 0 ends it.
  func fill(with fill: (UnsafeMutableRawBufferPointer) throws(LayerError) -> Int) {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    while failure == nil {
      if !isComplete, filled - min(emptied, hashed) < Self.count {
        let length = unlocked { () throws(LayerError) in try fill(buffer(filled)) }
        guard let length else { return }
        lengths[filled % Self.count] = length
        if length == 0 { isComplete = true } else { filled += 1 }
        pthread_cond_signal(changed)
      } else if !hashNext() {
        if isComplete, hashed == filled { return }
        pthread_cond_wait(changed, lock)
      }
    }
  }

  /// The second thread's part.
  ///
  /// - Parameter take: is called with what the buffers hold, in order.
  /// - Returns: whether that was everything.
  func empty(into take: (UnsafeRawBufferPointer) throws(LayerError) -> Void) -> Bool {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    while failure == nil {
      if emptied < filled {
        let bytes = contents(emptied)
        guard unlocked({ () throws(LayerError) in try take(bytes) }) != nil else { return false }
        emptied += 1
        pthread_cond_signal(changed)
      } else if !hashNext() {
        if isComplete { return true }
        pthread_cond_wait(changed, lock)
      }
    }
    return false
  }

  /// Both parts on one thread.
  func pass(
    from fill: (UnsafeMutableRawBufferPointer) throws(LayerError) -> Int,
    to take: (UnsafeRawBufferPointer) throws(LayerError) -> Void
  ) -> Bool {
    attempt { () throws(LayerError) in
      while true {
        let count = try fill(buffer(0))
        if count == 0 { return }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer(0)[..<count])
        hash(bytes)
        try take(bytes)
      }
    }
  }

  /// Does the last of the work; an error is kept for `check`.
  @discardableResult
  func attempt(_ body: () throws(LayerError) -> Void) -> Bool {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return unlocked(body) != nil
  }

  /// Why one of the threads stopped.
  func check() throws(LayerError) {
    if let failure { throw failure }
  }

  /// - Returns: whether there was something to hash.
  private func hashNext() -> Bool {
    guard !isHashing, hashed < filled else { return false }
    isHashing = true
    let bytes = contents(hashed)
    _ = unlocked { () throws(LayerError) in hash(bytes) }
    hashed += 1
    isHashing = false
    pthread_cond_signal(changed)
    return true
  }

  /// Does something without the lock; an error ends both threads.
  private func unlocked<Value>(_ body: () throws(LayerError) -> Value) -> Value? {
    pthread_mutex_unlock(lock)
    let result = Result { () throws(LayerError) in try body() }
    pthread_mutex_lock(lock)
    switch result {
    case .success(let value): return value
    case .failure(let error):
      if failure == nil { failure = error }
      pthread_cond_signal(changed)
      return nil
    }
  }
}
