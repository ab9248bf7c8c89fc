internal import Arguments
internal import Container
internal import OCI

/// `events`.
extension CommandRunner {
  func events() throws -> Int32 {
    let id = id
    let runtime = try runtime()
    if values.flag("stats") {
      return Output.print(ContainerEvents.statistics(try runtime.statistics(id)).json(id: id).text() + "\n")
    }
    // In milliseconds, as poll(2) counts: never 0, and three weeks at most.
    let interval = values.integer("interval").map { Int32(clamping: max(1, $0 / 1_000_000)) } ?? 5000
    var status: Int32 = 0
    try runtime.events(id, interval: interval) { event in
      status = Output.print(event.json(id: id).text() + "\n")
      return status == 0
    }
    return status
  }
}
