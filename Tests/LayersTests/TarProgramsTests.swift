import Glibc
import Kernel
import Layers
import Testing

/// Archives of the programs that make them, in every format they have.
@Suite struct TarProgramsTests {
  /// A tree with what each of the formats can say; its names are short enough for the oldest.
  private static let tree = """
    mkdir -p tree/directory; chmod 1777 tree/directory
    printf content > tree/file; chmod 4750 tree/file; touch -d '2001-02-03 04:05:06.789 UTC' tree/file
    : > tree/empty; touch -d '1960-01-01 UTC' tree/empty
    ln -s ../anywhere tree/link; ln tree/file tree/same; mkfifo tree/fifo
    name=$(printf 'n%.0s' $(seq 90)); printf deep > tree/directory/$name
    """

  @Test(.enabled(if: Machine.hasTar, "needs tar"), arguments: ["v7", "oldgnu", "gnu", "ustar", "posix"])
  func treesOfGNUTar(format: String) throws {
    let scratch = try Scratch()
    // v7 has neither pipes nor times before 1970, and names of 99 bytes.
    let without = format == "v7" ? "rm tree/fifo tree/empty tree/directory/*" : ":"
    let time = format == "ustar" ? "touch -d '1990-01-01' tree/empty" : ":"
    try scratch.shell(
      "\(Self.tree)\n\(without)\n\(time)\n"
        + "tar --sort=name --numeric-owner --owner=1234 --group=99 --format=\(format) -cf a.tar -C tree .")
    let found = try TarListing.read(scratch.read("a.tar"))
    let long = "./directory/" + String(repeating: "n", count: 90)
    var expected: [String: TarEntry.Kind] = [
      "./": .directory, "./directory/": .directory, "./file": .file, "./link": .symbolicLink, "./same": .hardLink,
      "./empty": .file, "./fifo": .fifo, long: .file,
    ]
    if format == "v7" {
      expected["./fifo"] = nil
      expected["./empty"] = nil
      expected[long] = nil
    }
    for (path, kind) in expected { #expect(found[path]?.entry.kind == kind, "\(path)") }
    let file = try #require(found["./file"])
    #expect(file.content == Array("content".utf8))
    #expect(file.entry.mode == 0o4750)
    #expect((file.entry.uid, file.entry.gid) == (1234, 99))
    #expect(file.entry.modified.seconds == 981_173_106)
    #expect(file.entry.modified.nanoseconds == (format == "posix" ? 789_000_000 : 0))
    #expect(found["./same"]?.entry.target == Array("./file".utf8))
    #expect(found["./link"]?.entry.target == Array("../anywhere".utf8))
    #expect(found["./directory/"]?.entry.mode == 0o1777)
    if format != "v7" {
      #expect(found[long]?.content == Array("deep".utf8))
      #expect(found["./empty"]?.entry.modified.seconds == (format == "ustar" ? 631_152_000 : -315_619_200))
    }
  }

  @Test(
    .enabled(if: Machine.hasTar, "needs tar"),
    arguments: [
      "--format=gnu", "--format=posix --sparse-version=0.0", "--format=posix --sparse-version=0.1",
      "--format=posix --sparse-version=1.0",
    ])
  func sparseFilesOfGNUTar(form: String) throws {
    let scratch = try Scratch()
    // More parts than a header has room for, a hole at the end, and data at the end.
    try scratch.shell(
      """
      for i in $(seq 0 40); do printf "part $i" | dd of=many bs=1 seek=$((i * 65536)) conv=notrunc status=none; done
      truncate -s 8M many; cp many tail; printf x >> tail; truncate -s 3M hole; printf all > plain
      tar --sparse \(form) -cf a.tar many tail hole plain
      """)
    let found = try TarListing.read(scratch.read("a.tar"))
    for name in ["many", "tail", "hole", "plain"] {
      let item = try #require(found[name])
      let truth = try scratch.read(name)
      #expect(item.entry.size == UInt64(truth.count), "\(name)")
      let padded = item.content + [UInt8](repeating: 0, count: truth.count - item.content.count)
      #expect(padded == truth, "\(name)")
      #expect((item.entry.extents != nil) == (name != "plain"), "\(name)")
    }
    #expect(try #require(found["many"]?.entry.extents).count > 40)
  }

  @Test(.enabled(if: Machine.hasPython, "needs python3"), arguments: ["USTAR", "GNU", "PAX"])
  func archivesOfPython(format: String) throws {
    let scratch = try Scratch()
    let script = """
      import io, sys, tarfile
      format = tarfile.\(format)_FORMAT
      with tarfile.open(sys.argv[1], 'w', format=format) as tar:
          def add(name, type=tarfile.REGTYPE, data=b'', **fields):
              info = tarfile.TarInfo(name)
              info.type, info.size = type, len(data)
              for key, value in fields.items(): setattr(info, key, value)
              tar.addfile(info, io.BytesIO(data))
          long = 'directory/' * 12 + 'name'
          add(long, data=b'x' * 1000, mtime=1700000000, uid=7, gid=8, mode=0o2755)
          add('null', tarfile.CHRTYPE, devmajor=1, devminor=3)
          add('disk', tarfile.BLKTYPE, devmajor=8, devminor=17)
          add('to', tarfile.SYMTYPE, linkname='t' * 99)
          if format != tarfile.USTAR_FORMAT:
              add('n' * 300, tarfile.LNKTYPE, linkname=long + 'l' * 200)
              add('far', data=b'y', uid=3000000, gid=4000000, mtime=-100 if format == tarfile.GNU_FORMAT else -100.5)
          if format == tarfile.PAX_FORMAT:
              add('ümläut', pax_headers={'SCHILY.xattr.user.mime': 'text/plain'})
      """
    try scratch.write(Array(script.utf8), to: "make.py")
    try scratch.shell("python3 make.py a.tar")
    let found = try TarListing.read(scratch.read("a.tar"), pieces: 4096)
    let long = String(repeating: "directory/", count: 12) + "name"
    let first = try #require(found[long])
    #expect(first.content == [UInt8](repeating: 0x78, count: 1000))
    #expect((first.entry.uid, first.entry.gid, first.entry.mode) == (7, 8, 0o2755))
    #expect(first.entry.modified == TarEntry.Time(seconds: 1_700_000_000))
    #expect(found["null"]?.entry.kind == .characterDevice)
    #expect(found["null"]?.entry.deviceMinor == 3)
    #expect(found["disk"]?.entry.deviceMajor == 8)
    #expect(found["disk"]?.entry.deviceMinor == 17)
    #expect(found["to"]?.entry.target.count == 99)
    guard format != "USTAR" else { return }
    #expect(
      found[String(repeating: "n", count: 300)]?.entry.target == Array((long + String(repeating: "l", count: 200)).utf8)
    )
    let far = try #require(found["far"]?.entry)
    #expect((far.uid, far.gid) == (3_000_000, 4_000_000))
    let isGNU = format == "GNU"
    #expect(far.modified == TarEntry.Time(seconds: isGNU ? -100 : -101, nanoseconds: isGNU ? 0 : 500_000_000))
    guard format == "PAX" else { return }
    #expect(
      found["ümläut"]?.entry.attributes == [
        TarEntry.Attribute(name: Array("user.mime".utf8), value: Array("text/plain".utf8))
      ])
  }
}
