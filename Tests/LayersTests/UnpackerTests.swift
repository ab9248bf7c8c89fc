import Crypto
import Kernel
import Layers
import Testing

/// One pass over a blob: hashes, sizes, errors of both threads.
@Suite struct UnpackerTests {
  /// Larger than all buffers of the ring together.
  private static let archive: [UInt8] = {
    var random = Generator(state: 3)
    var tar = RawTar()
    for file in 0..<40 {
      var data: [UInt8] = []
      for _ in 0..<20_000 { withUnsafeBytes(of: random.next()) { data.append(contentsOf: $0) } }
      tar.add(Array("file\(file)".utf8), data: data)
    }
    tar.addEnd()
    // What is behind the end belongs to the diff ID, too.
    return tar.bytes + [UInt8](repeating: 0, count: 7777)
  }()

  private func hash(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

  private func unpack(
    _ blob: [UInt8], expecting: LayerExpectation = LayerExpectation(), limits: LayerLimits = .standard
  ) throws -> (facts: LayerFacts, listing: ListingSink) {
    var sink = ListingSink()
    let facts = try LayerUnpacker.unpack(MemorySource(blob), expecting: expecting, limits: limits, into: &sink)
    return (facts, sink)
  }

  private func reason(_ blob: [UInt8], expecting: LayerExpectation) -> String {
    do {
      return "no error: \(try unpack(blob, expecting: expecting).facts)"
    } catch {
      return "\(error)"
    }
  }

  private static func compressed(_ command: String) throws -> [UInt8] {
    let scratch = try Scratch()
    try scratch.write(archive, to: "plain")
    try scratch.shell("\(command) < plain > out")
    return try scratch.read("out")
  }

  @Test(arguments: ["cat", "gzip -c", "zstd -qc"])
  func bothHashesAreOfAllBytes(command: String) throws {
    guard Machine.has(command.split(separator: " ").first.map(String.init) ?? "") else { return }
    let blob = try Self.compressed(command)
    let (facts, sink) = try unpack(blob)
    #expect(facts.blobHash == hash(blob))
    #expect(facts.blobSize == UInt64(blob.count))
    #expect(facts.diffHash == hash(Self.archive))
    #expect(facts.archiveSize == UInt64(Self.archive.count))
    #expect(facts.entries == 40)
    #expect(sink.archiveBytes == Self.archive.count)
    #expect(sink.isFinished)
    #expect(sink.listing.items == (try TarListing.read(Self.archive)).items)
    // One thread, when it is known to be small.
    let few = Array(Self.archive.prefix(160_768)) + [UInt8](repeating: 0, count: 1324)
    let alone = try unpack(few, expecting: LayerExpectation(blobSize: UInt64(few.count)))
    #expect(alone.facts.blobHash == hash(few) && alone.facts.diffHash == hash(few))
  }

  @Test func whatIsExpectedIsCompared() throws {
    let blob = try Self.compressed("gzip -c")
    let size = UInt64(blob.count)
    let right = LayerExpectation(blobHash: hash(blob), blobSize: size, diffHash: hash(Self.archive))
    #expect(reason(blob, expecting: right).hasPrefix("no error"))
    #expect(reason(blob, expecting: LayerExpectation(blobSize: size - 1)).contains("larger than"))
    #expect(reason(blob, expecting: LayerExpectation(blobSize: size + 1)).contains("where \(size + 1) are expected"))
    #expect(reason(blob, expecting: LayerExpectation(blobHash: hash([]))).contains("layer blob: its digest is sha256:"))
    #expect(reason(blob, expecting: LayerExpectation(diffHash: hash(blob))).contains("layer archive: its digest is"))
    #expect(reason(Array(blob.dropLast()), expecting: LayerExpectation()).contains("truncated"))
  }

  @Test func errorsOfTheSinkAndTheSourceEndBothThreads() throws {
    var sink = ListingSink()
    sink.failsAt = "file20"
    #expect { try LayerUnpacker.unpack(MemorySource(Self.archive), into: &sink) } throws: { "\($0)" == "refused" }
    #expect(!sink.isFinished)
    var other = ListingSink()
    #expect { try LayerUnpacker.unpack(FailingSource(), into: &other) } throws: { "\($0)" == "cut off" }
    var last = ListingSink()
    last.failsAt = "finish"
    #expect { try LayerUnpacker.unpack(MemorySource(Self.archive), into: &last) } throws: { "\($0)" == "refused" }
  }

  @Test(.enabled(if: Machine.hasPython, "needs python3"))
  func bombsMeetTheLimit() throws {
    let scratch = try Scratch()
    // 200 MB of zeros in 200 KB, as one file of an archive.
    let script = """
      import gzip, tarfile
      class Zeros:
          def read(self, n): return bytes(n)
      with gzip.open('out', 'wb') as out, tarfile.open(fileobj=out, mode='w|') as tar:
          info = tarfile.TarInfo('bomb'); info.size = 200 << 20; tar.addfile(info, Zeros())
      """
    try scratch.write(Array(script.utf8), to: "make.py")
    try scratch.shell("python3 make.py")
    let limits = LayerLimits(size: 1 << 20, entries: 10, headers: 4096, path: 100)
    #expect { try unpack(scratch.read("out"), limits: limits) } throws: { "\($0)".contains("limit of 1048576 bytes") }
  }
}

private struct FailingSource: ByteSource, ~Copyable {
  var isUsed = false

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    if isUsed { throw LayerError("cut off") }
    isUsed = true
    buffer.copyBytes(from: [UInt8](repeating: 0, count: 512))
    return 512
  }
}

/// A form that keeps everything in memory.
struct ListingSink: LayerSink {
  var listing = TarListing()
  var archiveBytes = 0
  var isFinished = false
  var failsAt: String?

  mutating func archive(_ bytes: UnsafeRawBufferPointer) { archiveBytes += bytes.count }

  mutating func begin(_ entry: TarEntry) throws(LayerError) {
    if let failsAt, entry.path == Array(failsAt.utf8) { throw LayerError("refused") }
    listing.begin(entry)
  }

  mutating func data(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) { listing.data(bytes, at: offset) }
  mutating func end() { listing.end() }

  mutating func finish() throws(LayerError) {
    if failsAt == "finish" { throw LayerError("refused") }
    isFinished = true
  }
}
