internal import Container
internal import Glibc
internal import Kernel
internal import OCI

/// A document that an argument names: a file, or standard input for `-`.
struct InputDocument {
  /// For messages.
  let name: String
  let bytes: [UInt8]

  init(_ file: String) throws(ContainerError) {
    name = file == "-" ? "standard input" : file
    do throws(SystemError) {
      if file == "-" {
        // A duplicate: the descriptor is not ours to close.
        let number = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
        guard number >= 0 else { throw SystemError("read", name) }
        bytes = try Descriptor(adopting: number).readAll(limit: JSON.defaultLimit, subject: name)
      } else {
        bytes = try readFile(file, limit: JSON.defaultLimit)
      }
    } catch {
      throw ContainerError(error)
    }
  }

  /// Reads it as what it should be.
  func load<Value>(_ load: ([UInt8], Int) throws(SpecFaults) -> Value) throws(ContainerError) -> Value {
    do { return try load(bytes, JSON.defaultLimit) } catch { throw ContainerError("\(name): \(error)") }
  }
}
