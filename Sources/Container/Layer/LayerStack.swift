internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

/// Open layers, bottom first; closed with this value.
struct LayerStack: ~Copyable {
  let descriptors: [CInt]

  /// Opens 1 to 500 directories. Not with `O_PATH`: fsconfig(2) takes such descriptors since Linux 6.14 only.
  ///
  /// - Parameter containers: where the containers' own layers are. overlayfs wants lower directories that do not change,
  ///   and refuses one that holds its upper.
  init(_ paths: [String], containers: String = DataDirectory.containers) throws(ContainerError) {
    guard (1...LayerRequest.mostDirectories).contains(paths.count) else {
      throw ContainerError("expected 1 to \(LayerRequest.mostDirectories) layers, found \(paths.count)")
    }
    let real = Self.realPath(containers)
    var opened: [CInt] = []
    for path in paths {
      do throws(ContainerError) {
        opened.append(try Self.open(path, real))
      } catch {
        for number in opened { close(number) }
        throw error
      }
    }
    descriptors = opened
  }

  private static func open(_ path: String, _ containers: String?) throws(ContainerError) -> CInt {
    let layer: Descriptor
    do throws(SystemError) {
      layer = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    } catch {
      if error.errno == .notDirectory, isFile(path) { throw ContainerError("layer \(path) is not a directory") }
      throw ContainerError("layer \(path): \(error.errno)", errno: error.errno)
    }
    if let containers, let real = realPath("/proc/self/fd/\(layer.number)"),
      isInside(real, containers) || isInside(containers, real)
    {
      throw ContainerError("layer \(path) overlaps with the containers' own layers in \(containers)")
    }
    return layer.release()
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

  /// The topmost layer; -1 for none.
  var top: CInt { descriptors.last ?? -1 }

  private init(adopting descriptors: [CInt]) { self.descriptors = descriptors }

  deinit { for number in descriptors { close(number) } }

  /// Clones of the layers whose ids are mapped as the user namespace has them.
  func mapped(userNamespace: CInt) throws(SystemError) -> LayerStack {
    var clones: [CInt] = []
    do throws(SystemError) {
      for layer in descriptors {
        let clone = try DetachedMount.clone(descriptor: layer)
        try clone.mapIDs(userNamespace: userNamespace)
        clones.append(try clone.descriptor.duplicate().release())
      }
    } catch {
      for number in clones { close(number) }
      throw error
    }
    return LayerStack(adopting: clones)
  }
}
