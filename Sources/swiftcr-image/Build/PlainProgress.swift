internal import Arguments
internal import Glibc
internal import Image
internal import Kernel
internal import OCI
internal import Synchronization

/// One line for each event, in BuildKit's form: a number for each step, since stages are built at the same time.
final class PlainProgress: BuildProgress {
  private struct Running {
    var number: Int
    var start: Int64
    /// Output that has no end of line yet.
    var rest: [UInt8] = []
  }

  private struct State {
    var steps: [BuildStep: Running] = [:]
    var next = 1
  }

  private let state = Mutex(State())
  private let begin = MonotonicClock.now

  func report(_ event: BuildEvent) {
    let text = state.withLock { state in Self.text(event, &state) }
    if !text.isEmpty { BuildText.write(text, to: STDERR_FILENO) }
  }

  private static func text(_ event: BuildEvent, _ state: inout State) -> [UInt8] {
    switch event {
    case .started(let step):
      let number = state.next
      state.next += 1
      state.steps[step] = Running(number: number, start: MonotonicClock.now)
      return Array("#\(number) [\(step.place)] \(firstLine(step.text))\n".utf8)
    case .running: return []
    case .output(let step, let bytes):
      guard var running = state.steps[step] else { return [] }
      let text = lines(bytes, &running)
      state.steps[step] = running
      return text
    case .finished(let step, _, let isCached):
      guard var running = state.steps.removeValue(forKey: step) else { return [] }
      let rest = running.rest.isEmpty ? [] : lines([UInt8(ascii: "\n")], &running)
      let end = isCached ? "CACHED" : "DONE \(seconds(MonotonicClock.now - running.start, places: 1))s"
      return rest + Array("#\(running.number) \(end)\n\n".utf8)
    case .failed(let step, let reason):
      guard var running = state.steps.removeValue(forKey: step) else { return [] }
      let rest = running.rest.isEmpty ? [] : lines([UInt8(ascii: "\n")], &running)
      return rest + Array("#\(running.number) ERROR: \(reason)\n".utf8)
    case .shell(let step): return Array("a shell in the files before [\(step.place)]:\n".utf8)
    case .note(let step, let text):
      let mark = step.flatMap { state.steps[$0] }.map { "#\($0.number) " } ?? ""
      return Array("\(mark)\(text)\n".utf8)
    case .doing(let text): return Array("#0 \(text)\n".utf8)
    }
  }

  /// Whole lines, each with its step's number and the time since its start.
  private static func lines(_ bytes: [UInt8], _ running: inout Running) -> [UInt8] {
    let mark = Array("#\(running.number) \(seconds(MonotonicClock.now - running.start, places: 3)) ".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        text += mark + running.rest + [byte]
        running.rest = []
      } else {
        running.rest.append(byte)
      }
    }
    return text
  }

  static func firstLine(_ text: String) -> String {
    text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
  }

  /// Nanoseconds as seconds.
  static func seconds(_ nanoseconds: Int64, places: Int) -> String {
    var scale: Int64 = 1
    for _ in 0..<places { scale *= 10 }
    let value = (nanoseconds * scale + 500_000_000) / 1_000_000_000
    let fraction = "\(scale + value % scale)".dropFirst()
    return "\(value / scale).\(fraction)"
  }

  func finish(_ outcome: Build.Outcome) {
    var text = "writing image \(outcome.id)\n"
    for tag in outcome.tags { text += "naming to \(tag)\n" }
    text += "built in \(Self.seconds(MonotonicClock.now - begin, places: 1))s\n"
    BuildText.write(text, to: STDERR_FILENO)
  }

  func stop() {}
}
