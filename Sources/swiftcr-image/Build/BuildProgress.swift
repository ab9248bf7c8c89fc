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

/// `--quiet`.
final class QuietProgress: BuildProgress {
  func report(_ event: BuildEvent) {}
  func finish(_ outcome: Build.Outcome) {}
  func stop() {}
}
