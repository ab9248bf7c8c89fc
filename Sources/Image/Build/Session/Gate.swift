internal import Kernel

/// A value that is not there yet: of a stage, or of a blob that is being compressed. Whoever needs it waits, on a thread
/// that may be kept waiting.
final class Gate<Value: Sendable>: Sendable {
  /// Never changes again once it is there.
  private let result = Monitor<Result<Value, ImageError>?>(nil)

  init() {}

  /// One that was open from the start.
  convenience init(_ value: Value) {
    self.init()
    open(.success(value))
  }

  /// Lets everybody through; the first result stays.
  func open(_ value: Result<Value, ImageError>) {
    result.change { if $0 == nil { $0 = value } }
  }

  /// Without waiting; an error is as if it were not there.
  var valueIfOpen: Value? { result.wait { .some(try? $0?.get()) } }

  /// Waits for the value.
  func pass() throws(ImageError) -> Value { try result.wait { $0 }.get() }

  /// Waits for a value that a task makes.
  static func wait(for body: @escaping @Sendable () async throws -> Value) throws(ImageError) -> Value {
    let gate = Gate()
    Task {
      do { gate.open(.success(try await body())) } catch { gate.open(.failure(ImageError(error))) }
    }
    return try gate.pass()
  }
}
