internal import Arguments
internal import Glibc
internal import Image
internal import Kernel
internal import Synchronization

/// Where each layer is: lines that are drawn over on a terminal, else one line for each change.
final class ProgressBoard: TransferObserver {
  enum Words: Sendable { case pull, push }

  private struct State {
    /// In the order in which they came.
    var items: [(name: String, state: TransferState)] = []
    var drawnLines = 0
    var lastDrawn: Int64 = 0
  }

  private let words: Words
  private let isQuiet: Bool
  private let isTerminal: Bool
  private let state = Mutex(State())

  init(isQuiet: Bool, words: Words) {
    self.isQuiet = isQuiet
    self.words = words
    isTerminal = isatty(STDOUT_FILENO) == 1
  }

  func report(_ item: String, _ new: TransferState) {
    if isQuiet { return }
    let text = state.withLock { state -> String? in
      let known = state.items.firstIndex { $0.name == item }
      let index = known ?? state.items.count
      if known == nil { state.items.append((item, new)) }
      let before = state.items[index].state
      state.items[index].state = new
      if isTerminal { return redraw(&state, isUrgent: !Self.isSameKind(before, new)) }
      return known != nil && Self.isSameKind(before, new) ? nil : plain(item, new)
    }
    if let text { Output.print(text) }
  }

  /// Draws the last state.
  func finish() {
    if isQuiet || !isTerminal { return }
    if let text = state.withLock({ redraw(&$0, isUrgent: true) }) { Output.print(text) }
  }

  private static func isSameKind(_ one: TransferState, _ other: TransferState) -> Bool {
    switch (one, other) {
    case (.downloading, .downloading), (.uploading, .uploading): true
    default: one == other
    }
  }

  private func plain(_ item: String, _ state: TransferState) -> String? {
    guard let text = description(state) else { return nil }
    return "\(item): \(text)\n"
  }

  /// docker's words.
  private func description(_ state: TransferState) -> String? {
    switch state {
    case .waiting: words == .pull ? "Pulling fs layer" : "Preparing"
    case .exists: words == .pull ? "Already exists" : "Layer already exists"
    case .downloading: "Downloading"
    case .unpacking: "Extracting"
    case .uploading: "Pushing"
    case .mounted(let repository): "Mounted from \(repository)"
    case .done: words == .pull ? "Pull complete" : "Pushed"
    }
  }

  /// At most ten times a second, unless something has changed its state.
  private func redraw(_ state: inout State, isUrgent: Bool) -> String? {
    let tenths = MonotonicClock.now / 100_000_000
    if !isUrgent, tenths == state.lastDrawn { return nil }
    state.lastDrawn = tenths
    var text = state.drawnLines > 0 ? "\u{1B}[\(state.drawnLines)A" : ""
    for item in state.items { text += "\r\u{1B}[K\(item.name): \(bar(item.state))\n" }
    state.drawnLines = state.items.count
    return text
  }

  private func bar(_ state: TransferState) -> String {
    let (done, total): (Int64, Int64)
    switch state {
    case .downloading(let bytes, let all), .uploading(let bytes, let all): (done, total) = (bytes, max(1, all))
    default: return description(state) ?? ""
    }
    let width = 30
    let filled = Int(done * Int64(width) / total)
    let line = String(repeating: "=", count: max(0, filled - 1)) + (filled > 0 ? ">" : "")
    let sizes = "\(HumanText.size(UInt64(done)))/\(HumanText.size(UInt64(total)))"
    return "\(description(state) ?? "") [\(line)\(String(repeating: " ", count: width - filled))] \(sizes)"
  }
}
