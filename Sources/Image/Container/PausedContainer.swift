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
    guard status(record) == "running" else { return nil }
    do throws(SystemError) {
      _ = try runtime(record, "pause")
    } catch {
      throw ImageError("pause container \(record.id): \(error)")
    }
    return PausedContainer(record)
  }

  deinit { _ = try? Self.runtime(record, "resume") }

  private static func status(_ record: KeptRecord) -> String? {
    // Asked without a state, the runtime complains.
    guard access("\(record.stateRoot)/\(record.id).journal", F_OK) == 0, let text = try? runtime(record, "state") else {
      return nil
    }
    return (try? JSON.parse(Array(text.utf8)))?["status"]?.string
  }

  private static func runtime(_ record: KeptRecord, _ command: String) throws(SystemError) -> String {
    return try HostProgram.output(RuntimeProgram.path(), ["--root", record.stateRoot, command, record.id])
  }
}
