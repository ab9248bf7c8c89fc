internal import Arguments
internal import Glibc
internal import Image
internal import OCI

/// `images`, `tag`, `rmi` and `prune`.
extension ImageCommand {
  func images() throws -> Int32 {
    var summaries = try library().summaries(matching: argument(0))
    // Nameless images are images too; docker hides only what its own builds left in between.
    if argument(0) != nil { summaries.removeAll { $0.name == nil } }
    let isFull = values.flag("no-trunc")
    func id(_ summary: ImageSummary) -> String { isFull ? "\(summary.id)" : summary.id.short }
    if values.flag("quiet") { return Output.print(summaries.map { id($0) + "\n" }.joined()) }
    if isJSON { return Output.print(JSON.array(summaries.map(json)).text(indent: "  ") + "\n") }
    let hasDigests = values.flag("digests")
    let rows = summaries.map { summary -> [String] in
      [summary.name?.familiarName ?? "<none>", summary.name?.tag ?? "<none>"]
        + (hasDigests ? ["\(summary.digest)"] : [])
        + [id(summary), HumanText.age(summary.created), HumanText.size(summary.size)]
    }
    let head = ["REPOSITORY", "TAG"] + (hasDigests ? ["DIGEST"] : []) + ["IMAGE ID", "CREATED", "SIZE"]
    return Output.print(Output.table([head] + rows))
  }

  private func json(_ summary: ImageSummary) -> JSON {
    .object([
      JSON.Member("name", summary.name.map { .string("\($0)") } ?? .null),
      JSON.Member("id", .string("\(summary.id)")), JSON.Member("digest", .string("\(summary.digest)")),
      JSON.Member("created", summary.created.map { .string("\($0)") } ?? .null),
      JSON.Member("size", .integer(Int64(clamping: summary.size))),
      JSON.Member("platform", .string("\(summary.platform)")),
    ])
  }

  func tag() throws -> Int32 {
    guard let source = argument(0), let name = argument(1) else { return 1 }
    try library().tag(source, as: name)
    return 0
  }

  func rmi() throws -> Int32 {
    let library = try library()
    var status: Int32 = 0
    for name in values.positionals {
      do {
        let removal = try library.remove(name, force: values.flag("force"))
        let lines = removal.untagged.map { "Untagged: \($0)\n" } + removal.deleted.map { "Deleted: \($0)\n" }
        Output.print(lines.joined())
      } catch {
        if values.flag("force"), "\(error)".hasPrefix("no such image") { continue }
        log.error("\(error)")
        status = 1
      }
    }
    return status
  }

  func prune() throws -> Int32 {
    let library = try library()
    let all = values.flag("all")
    if !values.flag("force"), isatty(STDIN_FILENO) == 1 {
      let what = all ? "all images without a container" : "images without a name"
      Output.print("This removes \(what), and layers and downloads that nothing uses.\nGo on? [y/N] ")
      guard let answer = readLine(), answer.lowercased().hasPrefix("y") else { return 1 }
    }
    let pruned = try library.prune(all: all)
    for entry in pruned.entries { Output.print("Deleted: \(entry)\n") }
    return Output.print("Total reclaimed space: \(HumanText.size(pruned.bytes))\n")
  }
}
