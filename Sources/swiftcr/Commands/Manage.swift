internal import Arguments
internal import Container
internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// The short commands on containers that exist.
extension CommandRunner {
  func state() throws -> Int32 {
    Output.print(try runtime().state(id).json.text(indent: "  ") + "\n")
  }

  func list() throws -> Int32 {
    var states = try runtime().states()
    do { states += try keptStates(besides: states) } catch { log.warning("\(error)") }
    states.sort { $0.id < $1.id }
    if values.flag("quiet") { return Output.print(states.map { $0.id + "\n" }.joined()) }
    if values.value("format") == "json" {
      return Output.print(states.isEmpty ? "null\n" : JSON.array(states.map(\.json)).text() + "\n")
    }
    let rows = states.map { state in
      [state.id, "\(state.pid)", state.status.rawValue, state.bundle, "\(state.created)", state.owner]
    }
    return Output.print(Output.table([["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]] + rows))
  }

  func kill() throws -> Int32 {
    let signal = try SignalName.number(values.positionals.dropFirst().first ?? "")
    try runtime().kill(id, signal: signal, all: values.flag("all"))
    return 0
  }

  func delete() throws -> Int32 {
    try runtime().delete(id, force: values.flag("force"))
    // A container of an image may have gone with it; a store that cannot be read is none of its business.
    if let store = try? ImageStore(globals) { _ = try removeIfOver(id, store) }
    return 0
  }

  /// How a container of an image has ended, its swiftcr has written down.
  func wait() throws -> Int32 {
    if let code = try? KeptContainer(opening: id, in: ImageStore(globals).layout).record.exitCode {
      return Output.print("\(code)\n")
    }
    return Output.print("\(try runtime().wait(id).code)\n")
  }

  func pause() throws -> Int32 {
    try runtime().pause(id)
    return 0
  }

  func resume() throws -> Int32 {
    try runtime().resume(id)
    return 0
  }

  func purge() throws -> Int32 {
    try removeAllOver()
    try runtime().purge()
    return 0
  }

  /// The host's ps(1) does the printing; its lines of other processes are left out.
  func ps() throws -> Int32 {
    let pids = try runtime().processes(id)
    if values.value("format") == "json" {
      // runc's word for no process.
      return Output.print((pids.isEmpty ? .null : JSON.array(pids.map { .integer(Int64($0)) })).text() + "\n")
    }
    let options = Array(values.positionals.dropFirst())
    let output = try HostProgram.output("ps", options.isEmpty ? ["-ef"] : options)
    let lines = output.split(separator: "\n", omittingEmptySubsequences: true)
    guard let head = lines.first, let column = head.split(separator: " ").firstIndex(of: "PID") else {
      throw UsageError("couldn't find PID field in ps output: give ps options that show it")
    }
    let wanted = Set(pids.map { "\($0)"[...] })
    let kept = lines.dropFirst().filter { line in
      let fields = line.split(separator: " ")
      return column < fields.count && wanted.contains(fields[column])
    }
    return Output.print(([head] + kept).map { $0 + "\n" }.joined())
  }
}
