internal import Arguments
internal import Glibc
internal import Image
internal import OCI
internal import Synchronization

/// One of the ways in which a build is shown.
protocol BuildProgress: BuildObserver {
  func finish(_ outcome: Build.Outcome)
  /// The build has failed; the error is said by somebody else.
  func stop()
}

enum BuildText {
  /// Steps and their output go to standard error, as with BuildKit; the classic form to standard output, as docker had it.
  static func printError(_ text: String) { write("swiftcr: \(text)\n", to: STDERR_FILENO) }

  static func write(_ text: String, to descriptor: CInt) { write(Array(text.utf8), to: descriptor) }

  static func write(_ bytes: [UInt8], to descriptor: CInt) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      written += count
    }
  }
}

/// `--quiet`: nothing but what a step wrote that fails.
final class QuietProgress: BuildProgress {
  private let output = Mutex<[BuildStep: [UInt8]]>([:])
  private static let mostKept = 64 << 10

  func report(_ event: BuildEvent) {
    switch event {
    case .output(let step, let bytes):
      output.withLock { output in
        output[step, default: []] += bytes
        if let count = output[step]?.count, count > Self.mostKept {
          output[step]?.removeFirst(count - Self.mostKept)
        }
      }
    case .finished(let step, _, _): output.withLock { $0[step] = nil }
    case .failed(let step, _):
      BuildText.write(output.withLock { $0.removeValue(forKey: step) } ?? [], to: STDERR_FILENO)
    case .started, .running, .note, .doing, .shell: break
    }
  }

  func finish(_ outcome: Build.Outcome) {}
  func stop() {}
}
