import Glibc
import Kernel
import Testing

@testable import Layers

/// The archives of Go's archive/tar, of which podman's layers are: what the reader makes of them, the writer writes again,
/// byte for byte. So a layer that is unpacked and made again by any of the two keeps its digest.
@Suite(.enabled(if: isRoot, "needs root"), .enabled(if: Machine.has("podman"), "needs podman"))
struct GoArchiveTests {
  @Test func aLayerOfPodmansIsWrittenAgain() throws {
    let workshop = try Workshop()
    try bash(
      """
      cd \(workshop.path); mkdir context; cd context; umask 022
      mkdir -p etc/sub; echo 1 > etc/a; ln etc/a etc/b; ln -s a etc/link; chmod 4755 etc/a; chmod 1777 etc/sub
      touch grün "$(printf %0120d 1)"; mkdir "$(printf %0130d 2)"; ln -s "$(printf %0150d 3)" long
      head -c 70000 /dev/zero > zeros; touch x; setfattr -n user.a -v b x; setfattr -n user.c -v "d=e" x
      find . -exec touch -h -d '2020-01-01 00:00:00.5' {} +
      printf 'FROM scratch\\nCOPY . /\\n' > ../Containerfile; cd ..
      podman="podman --root $PWD/root --runroot $PWD/run --storage-driver vfs"
      $podman build -q --format oci -f Containerfile -t t context > log 2>&1
      $podman save -q --format oci-dir -o out t >> log 2>&1
      for blob in out/blobs/sha256/*; do gzip -dc $blob > layer.tar 2>> log && break; done
      """)
    let bytes = try readFile("\(workshop.path)/layer.tar", limit: 8 << 20)
    let listing = try TarListing.read(bytes)
    #expect(listing.items.count >= 11)
    let collector = ByteCollector()
    var writer = TarWriter(collector)
    for item in listing.items {
      try writer.add(item.entry)
      try item.content.withUnsafeBytes { try writer.write(data: $0) }
    }
    try writer.finish()
    let length = min(bytes.count, collector.bytes.count)
    let difference = (0..<length).first { bytes[$0] != collector.bytes[$0] } ?? length
    #expect(collector.bytes.count == bytes.count)
    #expect(difference == bytes.count, "\(bytes[(difference & ~511)...].prefix(1024))")
  }
}
