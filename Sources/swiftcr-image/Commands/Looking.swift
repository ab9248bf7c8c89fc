internal import Arguments
internal import Image
internal import OCI
internal import Store

/// `history`, `inspect` and `df`.
extension ImageCommand {
  func history() throws -> Int32 {
    let library = try library()
    let image = try library.resolve(argument(0) ?? "", platform: try platform())
    let steps = library.history(of: image)
    if isJSON { return Output.print(JSON.array(steps.map(\.json)).text(indent: "  ") + "\n") }
    let isFull = values.flag("no-trunc")
    if values.flag("quiet") {
      return Output.print(steps.map { ($0.id.map { isFull ? "\($0)" : $0.short } ?? "<missing>") + "\n" }.joined())
    }
    let rows = steps.map { step -> [String] in
      let command = step.entry.createdBy ?? ""
      let created = step.entry.created.flatMap { Timestamp(parsing: $0) }
      return [
        step.id.map { isFull ? "\($0)" : $0.short } ?? "<missing>", HumanText.age(created),
        isFull || command.count <= 45 ? command : command.prefix(44) + "…", HumanText.size(step.size),
        step.entry.comment ?? "",
      ]
    }
    return Output.print(Output.table([["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"]] + rows))
  }

  func inspect() throws -> Int32 {
    let library = try library()
    var found: [JSON] = []
    var status: Int32 = 0
    for name in values.positionals {
      do {
        found.append(try library.inspect(try library.resolve(name, platform: try platform())))
      } catch {
        log.error("\(error)")
        status = 1
      }
    }
    Output.print(JSON.array(found).text(indent: "    ") + "\n")
    return status
  }

  func df() throws -> Int32 {
    let usage = try library().usage()
    if isJSON { return Output.print(usage.json.text(indent: "  ") + "\n") }
    if values.flag("verbose") {
      for section in usage.sections {
        let rows = section.items.map { [$0.name, HumanText.size($0.bytes), $0.isReclaimable ? "yes" : "no"] }
        Output.print(
          "\(section.title):\n\n" + Output.table([["NAME", "SIZE", "RECLAIMABLE"]] + rows) + "\n")
      }
      return 0
    }
    let rows = usage.sections.map { section -> [String] in
      let reclaimable = section.items.filter(\.isReclaimable)
      return [
        section.title, "\(section.items.count)", "\(section.items.count - reclaimable.count)",
        HumanText.size(section.bytes), HumanText.size(reclaimable.reduce(0) { $0 + $1.bytes }),
      ]
    }
    return Output.print(Output.table([["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"]] + rows))
  }
}
