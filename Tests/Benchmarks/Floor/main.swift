// What nobody who unpacks a layer can save: the blob's digest, decompression, and the digest of the archive. Prints the
// processor time, in seconds, that it takes for the blobs that are named. `scripts/bench images` compares with it.
internal import Crypto
internal import Glibc
internal import Kernel
internal import Layers

/// A file that is hashed as it is read.
struct HashedFile: ByteSource, ~Copyable {
  private var file: FileSource
  private var hash = SHA256()

  init(_ path: String) throws(SystemError) {
    file = FileSource(try Descriptor.open(path, O_RDONLY), name: path)
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    let count = try file.read(into: buffer)
    hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    return count
  }
}

for path in CommandLine.arguments.dropFirst() {
  var hash = SHA256()
  try LayerArchive.read(HashedFile(path)) { (bytes) throws(LayerError) in hash.update(bufferPointer: bytes) }
  _ = hash.finalize()
}
var time = timespec()
clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
print(Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
