internal import OCI

extension Dockerfile {
  /// Words as they are written: the values have them in one case.
  private static func words(_ text: String) -> [String] {
    text.unicodeScalars.split(whereSeparator: \.isBlank).map { String($0) }
  }

  func checkCasing(_ list: inout WarningList) {
    for stage in stages where stage.name != nil {
      let words = Self.words(stage.text)
      guard let from = words.first, let name = words.last, let keyword = words.dropLast().last else { continue }
      if name != name.lowercased() {
        list.add(.stageNameCasing, "the stage's name \(name.quotedForMessage()) is not in lower case", stage)
      }
      let wanted = from == from.lowercased() ? keyword.lowercased() : keyword.uppercased()
      if keyword != wanted, from == from.lowercased() || from == from.uppercased() {
        list.add(.fromAsCasing, "\(keyword.quotedForMessage()) is not in the case of \(from.quotedForMessage())", stage)
      }
    }
    checkInstructionCasing(&list)
  }

  /// What most of them are written in is right.
  private func checkInstructionCasing(_ list: inout WarningList) {
    var balance = 0
    for stage in stages {
      for text in [stage.text] + stage.instructions.map(\.text) {
        guard let keyword = Self.words(text).first else { continue }
        if keyword == keyword.lowercased() { balance += 1 } else if keyword == keyword.uppercased() { balance -= 1 }
      }
    }
    func message(_ text: String) -> String? {
      guard let keyword = Self.words(text).first else { return nil }
      let wanted = balance > 0 ? keyword.lowercased() : keyword.uppercased()
      return keyword == wanted ? nil : "\(keyword) is written as \(wanted) elsewhere"
    }
    for stage in stages {
      if let message = message(stage.text) { list.add(.consistentInstructionCasing, message, stage) }
      for instruction in stage.instructions {
        if let message = message(instruction.text) { list.add(.consistentInstructionCasing, message, instruction) }
      }
    }
  }
}
