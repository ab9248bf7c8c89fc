internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// A container that does nothing as long as this value is there. The runtime does it: this program only asks it to.
final class PausedContainer {
  private let record: KeptRecord

  private init(_ record: KeptRecord) { self.record = record }

  /// - Returns: `nil` when it does not run.
  static func pause(_ record: KeptRecord) throws(ImageError) -> PausedContainer? {
    guard record.state?.status == "running" else { return nil }
    do throws(SystemError) {
      _ = try record.runtime("pause")
    } catch {
      throw ImageError("pause container \(record.id): \(error)")
    }
    return PausedContainer(record)
  }

  deinit { _ = try? record.runtime("resume") }
}

extension KeptRecord {
  /// What the runtime says of the container; `nil` when it has no state.
  var state: (status: String, pid: Int64)? {
    // Asked without one, the runtime complains.
    guard access("\(stateRoot)/\(id).journal", F_OK) == 0, let text = try? runtime("state"),
      let json = try? JSON.parse(Array(text.utf8)), let status = json["status"]?.string
    else { return nil }
    return (status, json["pid"]?.integer ?? 0)
  }

  fileprivate func runtime(_ command: String) throws(SystemError) -> String {
    try HostProgram.output(RuntimeProgram.path(), ["--root", stateRoot, command, id])
  }
}
