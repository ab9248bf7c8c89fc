import Glibc
import Kernel
import Testing

@testable import Layers

/// Layers of containers with a user namespace: who owns what is said by the kernel, through idmapped mounts.
@Suite(.enabled(if: isRoot, "needs root"))
struct MappedLayerTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// A process in a new user namespace, which goes with its owner.
  private final class Namespace {
    let pid: pid_t
    let descriptor: OpenFile

    /// - Parameter map: as /proc/PID/uid_map and gid_map have it.
    init(map: String) throws {
      pid = try HostProgram.start("unshare", ["-U", "sleep", "1000"], descriptors: [1: 2])
      var found: OpenFile?
      let own = try bash("readlink /proc/self/ns/user")
      for _ in 0..<5000 where found == nil {
        if try bash("readlink /proc/\(pid)/ns/user") != own {
          found = try OpenFile("/proc/\(pid)/ns/user")
        } else {
          usleep(2000)
        }
      }
      descriptor = try #require(found)
      try bash("echo '\(map)' > /proc/\(pid)/uid_map; echo '\(map)' > /proc/\(pid)/gid_map")
    }

    deinit {
      kill(pid, SIGKILL)
      var status: CInt = 0
      waitpid(pid, &status, 0)
    }
  }

  private final class OpenFile {
    private let descriptor: Descriptor
    var number: CInt { descriptor.number }
    init(_ path: String) throws { descriptor = try Descriptor.open(path, O_RDONLY) }
  }

  @Test(.enabled(if: mountsErofs, "needs EROFS from files (Linux 6.12)"))
  func theFormErofsCanBeMapped() throws {
    let layer = try Layer([Content(.file, "f").with { ($0.uid, $0.gid) = (5, 6) }])
    let plain = try workshop.mount(layer, "plain").path
    let namespace = try Namespace(map: "0 100000 65536")
    let mapped = try DetachedMount.clone(plain, recursive: false)
    try mapped.mapIDs(userNamespace: namespace.descriptor.number)
    let place = try workshop.attach(mapped, "mapped")
    #expect(try bash("stat -c %u:%g \(plain)/f \(place)/f") == "5:6\n100005:100006\n")
  }

  /// A container's root is some user of the host; in its layer it is root.
  @Test func anUpperIsReadThroughTheContainersIDs() throws {
    let upper = try workshop.directory("upper")
    try bash(
      "cd \(upper); mkdir d; touch d/f s; chown 100000:100000 d; chown 100005:100006 d/f; chmod 4755 d/f; setfacl -m u:100042:r s; chown 100000 s"
    )
    let namespace = try Namespace(map: "100000 0 65536")
    let mapped = try DetachedMount.clone(upper, recursive: false)
    try mapped.mapIDs(userNamespace: namespace.descriptor.number)
    let opened = try OpenDirectory(try workshop.attach(mapped, "mapped"))
    let collector = ByteCollector()
    try LayerDiff.archive(upper: opened.number, over: nil, to: collector)
    let listing = try TarListing.read(collector.bytes)
    #expect(listing["d/f"]?.entry.uid == 5 && listing["d/f"]?.entry.gid == 6)
    #expect(listing["d/"]?.entry.uid == 0)
    // The user of an access list, too: entry 2 of it, tag, permissions, id.
    let list = try #require(listing["s"]?.entry.attributes.first)
    #expect(Array(list.value[12..<20]) == [2, 0, 4, 0, 42, 0, 0, 0])
  }
}
