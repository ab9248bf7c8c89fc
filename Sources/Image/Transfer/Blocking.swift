internal import Kernel

/// Work that waits for disks and other threads, outside of the few threads that tasks share.
enum Blocking {
  /// Runs it in a thread of its own, and waits for its result without keeping a thread waiting.
  static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      do throws(SystemError) {
        try NativeThread { continuation.resume(with: Result(catching: body)) }.detach()
      } catch {
        continuation.resume(throwing: ImageError(error))
      }
    }
  }
}

/// So many at a time.
actor Turnstile {
  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ places: Int) { free = places }

  /// Waits for a place, and gives it back in the end, however that is.
  nonisolated func pass<Value>(_ body: () async throws -> Value) async throws -> Value {
    await enter()
    do {
      let value = try await body()
      await leave()
      return value
    } catch {
      await leave()
      throw error
    }
  }

  private func enter() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  private func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
