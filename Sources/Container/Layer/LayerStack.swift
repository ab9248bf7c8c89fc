internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

/// The read-only layers of a container, opened and checked, bottom first.
///
/// The descriptors are `O_PATH`: the layers that were checked are the ones that are mounted, whatever happens to their
/// paths meanwhile.
public struct LayerStack: ~Copyable {
  /// Owned by this value, bottom first.
  public let descriptors: [Int32]

  /// Opens the layers of a request.
  ///
  /// - Parameters:
  ///   - directories: bottom first; relative ones start at `bundle`.
  ///   - data: its container layers change all the time, overlayfs wants lower directories that do not, and refuses
  ///     one that holds its own upper.
  /// - Throws: `layer /x is not a directory`, and the like.
  public init(opening directories: [String], bundle: String, data: DataDirectory) throws(ContainerError) {
    guard (1...LayerRequest.mostDirectories).contains(directories.count) else {
      throw ContainerError("expected 1 to \(LayerRequest.mostDirectories) layers, found \(directories.count)")
    }
    let containers = Self.realPath(data.path(of: .containers))
    var numbers: [Int32] = []
    for directory in directories {
      let path = directory.utf8.first == UInt8(ascii: "/") ? directory : "\(bundle)/\(directory)"
      do throws(ContainerError) {
        numbers.append(try Self.open(path, containers))
      } catch {
        for number in numbers { close(number) }
        throw error
      }
    }
    descriptors = numbers
  }

  deinit {
    for number in descriptors { close(number) }
  }

  private static func open(_ path: String, _ containers: String?) throws(ContainerError) -> Int32 {
    do throws(SystemError) {
      let layer = try Descriptor.open(path, clinux_o_path | O_DIRECTORY)
      if let containers, let real = realPath("/proc/self/fd/\(layer.number)") {
        if isInside(real, containers) || isInside(containers, real) {
          throw SystemError.refusal("layer \(path) overlaps with the containers' own layers in \(containers)")
        }
      }
      return layer.release()
    } catch {
      if error.errno == .notDirectory, isFile(path) { throw ContainerError("layer \(path) is not a directory") }
      if error.errno.code == 0 { throw ContainerError(error) }
      throw ContainerError("open layer", path, error.errno.description, cause: error)
    }
  }

  /// `ENOTDIR` may also be about a directory above.
  private static func isFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
  }

  private static func realPath(_ path: String) -> String? {
    guard let text = realpath(path, nil) else { return nil }
    defer { free(text) }
    return String(cString: text)
  }

  private static func isInside(_ path: String, _ directory: String) -> Bool {
    path == directory || path.hasPrefix(directory == "/" ? "/" : directory + "/")
  }
}
