extension Node {
  func copyStep() throws(DockerfileError) -> CopyStep {
    let flags = try FlagValues(
      of: self,
      [
        "from": .text, "chown": .text, "chmod": .text, "link": .toggle, "parents": .toggle, "exclude": .texts,
      ])
    var step = try sourcesAndDestination(flags)
    if let from = flags.word("from") {
      guard !from.text.unicodeScalars.contains("$") else {
        throw error(
          "--from takes no variables: name a stage with FROM that uses the variable, and copy from that",
          at: from)
      }
      step.from = from.text
    }
    step.keepsParents = flags.isOn("parents")
    return step
  }

  func addStep() throws(DockerfileError) -> AddStep {
    let flags = try FlagValues(
      of: self,
      [
        "chown": .text, "chmod": .text, "link": .toggle, "keep-git-dir": .toggle, "checksum": .text, "unpack": .toggle,
        "exclude": .texts,
      ])
    var step = AddStep(try sourcesAndDestination(flags))
    step.checksum = flags.text("checksum")
    step.keepsGitDirectory = flags.isOn("keep-git-dir")
    if flags.isThere("unpack") { step.unpacks = flags.isOn("unpack") }
    return step
  }

  private func sourcesAndDestination(_ flags: FlagValues) throws(DockerfileError) -> CopyStep {
    guard arguments.count >= 2, let destination = arguments.last else {
      throw error(
        "\(keyword.text.uppercased()) takes sources and a destination, found \(arguments.count) of them",
        at: arguments.last)
    }
    if try isHeredoc(destination) != nil { throw error("a heredoc cannot be the destination", at: destination) }
    var step = CopyStep(sources: [], destination: destination.text)
    var files = heredocs
    for source in arguments.dropLast() {
      guard let mark = try isHeredoc(source) else {
        step.sources.append(source.text)
        continue
      }
      // Each file goes with the first mark of its name that is left.
      guard let index = files.firstIndex(where: { $0.name == mark.name }) else { continue }
      step.heredocs.append(files.remove(at: index))
    }
    step.owner = flags.text("chown")
    step.mode = flags.text("chmod")
    step.isLinked = flags.isOn("link")
    step.excluded = flags.words("exclude").map(\.text)
    return step
  }

  /// In the JSON form everything is a path.
  private func isHeredoc(_ word: Word) throws(DockerfileError) -> HeredocMark? {
    guard !isJSON, !heredocs.isEmpty else { return nil }
    do {
      return try HeredocMark(word.text)
    } catch {
      return nil
    }
  }
}
