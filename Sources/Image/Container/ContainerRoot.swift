internal import CLinux
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// A container's files as the container sees them, with its volumes, whether it runs or not.
///
/// One that runs has them mounted; of one that does not they are mounted here, in a mount namespace of its own, and nobody
/// starts or removes it as long as this value is there.
final class ContainerRoot {
  /// Its `/`, open.
  let root: Descriptor
  private let container: KeptContainer
  /// The namespace in which it is mounted; what is mounted in it goes with it.
  private let namespace: Descriptor?

  init(_ id: String, _ library: ImageLibrary) throws(ImageError) {
    let container = try rethrowing { () throws(StoreError) in try KeptContainer(opening: id, in: library.layout) }
    if let root = try Self.runningRoot(container.record) {
      self.root = root
      namespace = nil
    } else {
      // Whoever starts it holds this lock.
      guard container.tryLock(), container.record.state.map({ $0.status == "stopped" }) ?? true else {
        throw ImageError("container \(id) is being started or removed: try again")
      }
      guard !Caller.current.isRootless else {
        throw ImageError("container \(id) does not run: without root, only files of one that runs can be copied")
      }
      let mounted = try Self.mount(container, library)
      root = Descriptor(adopting: mounted.root)
      namespace = Descriptor(adopting: mounted.namespace)
    }
    self.container = container
  }

  private static func runningRoot(_ record: KeptRecord) throws(ImageError) -> Descriptor? {
    guard let state = record.state, ["running", "paused"].contains(state.status) else { return nil }
    return try rethrowing { () throws(SystemError) in
      let root = try Descriptor.open("/proc/\(state.pid)/root", O_RDONLY | O_DIRECTORY)
      // The pid may have been another process's by then.
      guard record.state?.pid == state.pid else {
        throw SystemError.refusal("container \(record.id) ended just now: try again")
      }
      return root
    }
  }

  private static func mount(
    _ container: borrowing KeptContainer, _ library: ImageLibrary
  ) throws(ImageError) -> (root: CInt, namespace: CInt) {
    let place = container.directory
    let overlay = try overlay(container, library)
    var clones: [(mount: CInt, destination: String)] = []
    defer { for clone in clones { close(clone.mount) } }
    for volume in try volumes(of: place) {
      clones.append(
        try rethrowing { () throws(SystemError) in
          let clone = try DetachedMount.clone(volume.source, recursive: true)
          return (try clone.descriptor.duplicate().release(), volume.destination)
        })
    }
    let (merged, volumes) = (overlay.descriptor.number, clones)
    var result: Result<(root: CInt, namespace: CInt), SystemError> = .failure(.refusal("no thread"))
    try rethrowing { () throws(LayerError) in
      try LayerThread.run {
        result = Result { () throws(SystemError) in
          guard clinux_own_mounts() == 0 else { throw SystemError("make mount namespace") }
          let namespace = try Descriptor.open("/proc/thread-self/ns/mnt", O_RDONLY)
          guard clinux_attach(merged, place) == 0 else { throw SystemError("attach overlay") }
          let root = try Descriptor.open(place, O_RDONLY | O_DIRECTORY)
          for volume in volumes { try attach(volume.mount, at: volume.destination, in: root.number) }
          return (root.release(), namespace.release())
        }
      } beside: {
      }
    }
    _ = consume overlay
    return try rethrowing { () throws(SystemError) in try result.get() }
  }

  private static func overlay(
    _ container: borrowing KeptContainer, _ library: ImageLibrary
  ) throws(ImageError) -> DetachedMount {
    let stack = try OpenStack(container.record.lowers, library)
    let layer = container.layer
    do throws(SystemError) {
      let overlay = try DetachedMount.overlay(
        lowers: stack.roots, areMapped: false, upper: "\(layer)/upper", work: "\(layer)/work", volatile: false,
        scaffold: "\(layer)/scaffold")
      _ = consume stack
      return overlay
    } catch {
      throw ImageError(error)
    }
  }

  /// A start makes a place that is missing; without a start there is none.
  private static func attach(_ mount: CInt, at destination: String, in root: CInt) throws(SystemError) {
    let found = retrying { clinux_find_in_root(root, destination, 1) }
    guard found >= 0 else { return }
    defer { close(found) }
    guard clinux_attach_to(mount, found) == 0 else { throw SystemError("attach volume at", destination) }
  }

  /// What its config.json binds into it.
  private static func volumes(of bundle: String) throws(ImageError) -> [(source: String, destination: String)] {
    let path = "\(bundle)/config.json"
    let bytes = try rethrowing { () throws(SystemError) in try readFile(path, limit: 16 << 20) }
    guard let json = try? JSON.parse(bytes, limit: 16 << 20) else { throw ImageError("\(path) is damaged") }
    return (json["mounts"]?.elements ?? []).compactMap { mount in
      let options = (mount["options"]?.elements ?? []).compactMap(\.string)
      guard options.contains("bind") || options.contains("rbind"), let source = mount["source"]?.string,
        let destination = mount["destination"]?.string, access(source, F_OK) == 0
      else { return nil }
      return (source, destination)
    }
  }
}
