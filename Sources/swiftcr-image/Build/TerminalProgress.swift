internal import Arguments
internal import Glibc
internal import Image
internal import Kernel
internal import OCI
internal import Synchronization

/// Live steps with their times: what runs is drawn over again and again, what is done stays above it.
final class TerminalProgress: BuildProgress {
  private struct Running {
    var start: Int64
    /// The last line that it wrote.
    var line = ""
  }

  private struct State {
    var running: [BuildStep: Running] = [:]
    var drawnLines = 0
    var lastDrawn: Int64 = 0
    /// What a step wrote, for the case that it fails.
    var output: [BuildStep: [UInt8]] = [:]
    var isOver = false
  }

  private static let mostKept = 64 << 10

  private let state = Mutex(State())
  private let begin = MonotonicClock.now

  func report(_ event: BuildEvent) {
    let text = state.withLock { state in Self.text(event, &state) }
    if !text.isEmpty { BuildText.write(text, to: STDERR_FILENO) }
  }

  private static func text(_ event: BuildEvent, _ state: inout State) -> String {
    switch event {
    case .started(let step):
      state.running[step] = Running(start: MonotonicClock.now)
      return redraw(&state, above: "", isUrgent: true)
    case .running: return ""
    case .output(let step, let bytes):
      let text = String(decoding: bytes, as: UTF8.self)
      if let line = text.split(whereSeparator: \.isNewline).last { state.running[step]?.line = String(line) }
      state.output[step, default: []] += bytes
      if let count = state.output[step]?.count, count > mostKept { state.output[step]?.removeFirst(count - mostKept) }
      return redraw(&state, above: "", isUrgent: false)
    case .finished(let step, _, let isCached):
      let time = state.running.removeValue(forKey: step).map { MonotonicClock.now - $0.start } ?? 0
      state.output[step] = nil
      let end = isCached ? "CACHED" : PlainProgress.seconds(time, places: 1) + "s"
      return redraw(&state, above: " => \(name(step))  \(end)\n", isUrgent: true)
    case .failed(let step, _):
      guard state.running.removeValue(forKey: step) != nil else { return "" }
      let output = state.output.removeValue(forKey: step).map { String(decoding: $0, as: UTF8.self) } ?? ""
      return redraw(&state, above: " => ERROR \(name(step))\n\(output)", isUrgent: true)
    case .shell(let step):
      let text = redraw(&state, above: " => a shell in the files before \(name(step)):\n", isUrgent: true)
      state.isOver = true
      return text
    case .note(_, let text), .doing(let text): return redraw(&state, above: " => \(text)\n", isUrgent: true)
    }
  }

  private static func name(_ step: BuildStep) -> String { "[\(step.place)] \(PlainProgress.firstLine(step.text))" }

  /// - Parameter above: what stays.
  private static func redraw(_ state: inout State, above: String, isUrgent: Bool) -> String {
    let now = MonotonicClock.now
    // Ten times a second is more than anybody reads.
    guard !state.isOver, isUrgent || now - state.lastDrawn > 100_000_000 else { return "" }
    state.lastDrawn = now
    var text = state.drawnLines > 0 ? "\u{1B}[\(state.drawnLines)A\u{1B}[J" : ""
    text += above
    let width = width
    for (step, running) in state.running.sorted(by: { $0.key.number < $1.key.number }) {
      let time = PlainProgress.seconds(now - running.start, places: 1)
      text += cut(" => \(name(step))  \(time)s  \(running.line)", width) + "\n"
    }
    state.drawnLines = state.running.count
    return text
  }

  /// One line of the terminal; what a command writes must not move its cursor.
  private static func cut(_ line: String, _ width: Int) -> String {
    String(line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.map(Character.init).prefix(width))
  }

  private static var width: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) - 1 : 79
  }

  func finish(_ outcome: Build.Outcome) {
    stop()
    var text = " => image \(outcome.id)\n"
    for tag in outcome.tags { text += " => named \(tag.familiar)\n" }
    text += " => built in \(PlainProgress.seconds(MonotonicClock.now - begin, places: 1))s\n"
    BuildText.write(text, to: STDERR_FILENO)
  }

  func stop() {
    state.withLock { $0.isOver = true }
  }
}
