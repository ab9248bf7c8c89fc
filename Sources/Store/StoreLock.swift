internal import Glibc
internal import Kernel

/// The store's lock, held for moments only, never while something is downloaded or unpacked.
///
/// *Shared*: whoever writes down what it is going to use (a hold, a lease, a kept container), and looks whether it is there.
/// *Exclusive*: whoever changes `index.json`, and the collector while it decides what nobody uses. So between a hold's
/// line and the look nothing disappears, and downloads, runs and prunes go on at the same time.
public struct StoreLock: ~Copyable {
  private let file: Descriptor

  public enum Kind: Sendable { case shared, exclusive }

  /// Waits for the lock; given up with this value.
  public init(_ layout: StoreLayout, _ kind: Kind) throws(StoreError) {
    let opened = try system { () throws(SystemError) in
      try Descriptor.open(layout.lock, O_RDONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
    }
    let number = opened.number
    guard retrying({ flock(number, kind == .shared ? LOCK_SH : LOCK_EX) }) == 0 else {
      throw StoreError(SystemError("lock image store", layout.path))
    }
    file = opened
  }
}
