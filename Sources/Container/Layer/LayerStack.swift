internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

/// Open layers, bottom first; closed with this value.
struct LayerStack: ~Copyable {
  let descriptors: [CInt]
  /// Of those that are file systems in files.
  private let files: [Int: LayerFile]

  /// Opens 1 to 500 directories, or files of an image store. Not with `O_PATH`: fsconfig(2) takes such descriptors since Linux 6.14 only.
  ///
  /// - Parameters:
  ///   - containers: where the containers' own layers are. overlayfs wants lower directories that do not change, and
  ///     refuses one that holds its upper.
  ///   - isLook: only to see whether all of them are there, and what the top one is like. What is in files is mounted
  ///     for the overlay only: it takes a while to go.
  init(
    _ paths: [String], containers: String = DataDirectory.containers, isLook: Bool = false
  ) throws(ContainerError) {
    guard (1...LayerRequest.mostDirectories).contains(paths.count) else {
      throw ContainerError("expected 1 to \(LayerRequest.mostDirectories) layers, found \(paths.count)")
    }
    let real = Self.realPath(containers)
    var opened: [CInt] = []
    var files: [Int: LayerFile] = [:]
    for (index, path) in paths.enumerated() {
      do throws(ContainerError) {
        if let file = LayerFile(path) {
          files[index] = file
          let isMounted = !isLook || index == paths.count - 1
          opened.append(try isMounted ? file.mountedRoot() : file.open().release())
        } else {
          opened.append(try Self.open(path, real))
        }
      } catch {
        for number in opened { close(number) }
        throw error
      }
    }
    descriptors = opened
    self.files = files
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

  private init(adopting descriptors: [CInt], _ files: [Int: LayerFile]) {
    self.descriptors = descriptors
    self.files = files
  }

  /// Whether there are detached mounts among them that overlayfs takes by path only, which all of them must have then:
  /// before Linux 6.15.
  var needsAttaching: Bool {
    !files.isEmpty && (KernelFeatures.isOldest || KernelVersion.running.map { $0 < KernelVersion(6, 15) } ?? true)
  }

  deinit { for number in descriptors { close(number) } }

  /// Clones of the layers, attached nowhere.
  ///
  /// - Parameter userNamespace: their ids are mapped as it has them; `nil` leaves them.
  func detached(userNamespace: CInt?) throws -> LayerStack {
    var clones: [CInt] = []
    do {
      for (index, layer) in descriptors.enumerated() {
        // One that is attached nowhere cannot be cloned before Linux 6.15.
        let clone = try files[index]?.mount() ?? DetachedMount.clone(descriptor: layer)
        if let userNamespace { try clone.mapIDs(userNamespace: userNamespace) }
        clones.append(try clone.descriptor.duplicate().release())
      }
    } catch {
      for number in clones { close(number) }
      throw error
    }
    return LayerStack(adopting: clones, files)
  }
}
