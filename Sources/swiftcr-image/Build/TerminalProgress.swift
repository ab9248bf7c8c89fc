internal import Image

/// Live steps with their times.
final class TerminalProgress: BuildProgress {
  private let plain = PlainProgress()

  func report(_ event: BuildEvent) { plain.report(event) }
  func finish(_ outcome: Build.Outcome) { plain.finish(outcome) }
  func stop() { plain.stop() }
}
