import Glibc
import Kernel
import Testing

@testable import Layers

/// Sparse files, as GNU tar packs them.
@Suite(.enabled(if: isRoot, "needs root"), .enabled(if: mountsErofs, "needs EROFS from files (Linux 6.12)"))
struct ErofsSparseTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// Packs files, and compares what the form `erofs` shows with them. The script runs where the files are to be.
  private func compare(_ script: String, options: String = "", file: String = "layer") throws -> String {
    let source = try workshop.directory("source")
    try bash("cd \(source); \(script); tar cS \(options) --format=pax -f ../\(file).tar .")
    let bytes = try readFile("\(workshop.path)/\(file).tar", limit: 64 << 20)
    let place = try workshop.mount(Layer(bytes: bytes), file).path
    #expect(
      try bash("cd \(source); for f in *; do cmp $f \(place)/$f; stat -c '%s' $f; done")
        == bash(
          "cd \(place); stat -c '%s' *"))
    return place
  }

  @Test(arguments: ["", "--sparse-version=0.0", "--sparse-version=0.1", "--sparse-version=1.0"])
  func holesEverywhere(_ options: String) throws {
    _ = try compare(
      """
      truncate -s 10M hole; truncate -s 0 none; truncate -s 1 one
      truncate -s 10M start; printf data | dd of=start conv=notrunc status=none
      truncate -s 10M end; printf data | dd of=end oflag=append conv=notrunc status=none
      truncate -s 10M middle; seq 100000 | dd of=middle bs=1M seek=3 conv=notrunc status=none
      truncate -s 3000000 odd; printf xyz | dd of=odd bs=1 seek=1234567 conv=notrunc status=none
      truncate -s 40M many
      for i in $(seq 60); do printf $i | dd of=many bs=4096 seek=$((i * 131)) conv=notrunc status=none; done
      """, options: options)
  }

  @Test func largerThanItsLayer() throws {
    let source = try workshop.directory("source")
    try bash(
      "cd \(source); truncate -s 6G f; printf end | dd of=f bs=1M seek=5500 conv=notrunc status=none; tar cSf ../l.tar ."
    )
    let bytes = try readFile("\(workshop.path)/l.tar", limit: 1 << 20)
    let place = try workshop.mount(Layer(bytes: bytes), "layer").path
    #expect(try bash("stat -c %s \(place)/f") == "\(6 << 30)\n")
    #expect(try bash("dd if=\(place)/f bs=1M skip=5500 count=1 status=none | head -c 3") == "end")
    // Its map, too, is small.
    #expect(try bash("stat -c %b \(workshop.path)/layer.erofs").dropLast().count < 6)
  }

  /// Extents at any place: none of them is a block's, so chunks are put together.
  @Test func extentsOfAnySize() throws {
    var random = SystemRandomNumberGenerator()
    for round in 0..<10 {
      var extents: [TarEntry.Extent] = []
      var data: [UInt8] = []
      var plain: [UInt8] = []
      let unit = UInt64([1, 512, 4096].randomElement(using: &random) ?? 1)
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        let hole = UInt64.random(in: 0...40_000 / unit, using: &random) * unit
        let length = UInt64.random(in: 1...(1 + 20_000 / unit), using: &random) * unit
        extents.append(.init(offset: UInt64(plain.count) + hole, length: length))
        let bytes = (0..<length).map { _ in UInt8.random(in: 1...255, using: &random) }
        data += bytes
        plain += [UInt8](repeating: 0, count: Int(hole)) + bytes
      }
      let size = UInt64(plain.count) + UInt64.random(in: 0...10_000, using: &random)
      plain += [UInt8](repeating: 0, count: Int(size) - plain.count)
      let path = "\(workshop.path)/\(round).erofs"
      let file = try Descriptor.open(path, O_RDWR | O_CREAT)
      let sink = ErofsSink(file: file.number)
      // The data alone are an archive's part: where its headers are, nothing looks.
      try data.withUnsafeBytes { try sink.archive($0) }
      try sink.begin(TarEntry(kind: .file, path: Array("f".utf8), size: size, extents: extents, dataOffset: 0))
      try sink.finish()
      #expect(sink.result == ErofsSummary())
      let place = try workshop.attach(try DetachedMount.erofs(file: path), "\(round)")
      #expect(try readFile("\(place)/f", limit: 64 << 20) == plain, "\(extents) of \(size)")
    }
  }

  @Test func mapsThatAreWrongAreRefused() throws {
    let bad: [[TarEntry.Extent]] = [
      [.init(offset: 0, length: 11)], [.init(offset: 11, length: 0)], [.init(offset: .max, length: 2)],
      [.init(offset: 5, length: 1), .init(offset: 0, length: 1)],
      [.init(offset: 0, length: 5), .init(offset: 4, length: 1)],
    ]
    let file = try Descriptor.open("\(workshop.path)/f", O_RDWR | O_CREAT)
    for extents in bad {
      let sink = ErofsSink(file: file.number)
      #expect(throws: LayerError.self) {
        try sink.begin(TarEntry(kind: .file, path: [0x66], size: 10, extents: extents))
      }
    }
  }
}
