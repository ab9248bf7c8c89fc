import Glibc
import OCI
import Testing

@testable import Kernel

@Suite struct SeccompCacheTests {
  @Test func sha256() {
    // FIPS 180-4's examples, and lengths around the padding's edges (from another implementation).
    let vectors: [(String, String)] = [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (String(repeating: "a", count: 55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
      (String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
      (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]
    for (text, digest) in vectors {
      #expect(SeccompCache.hex(SHA256.digest(Array(text.utf8))) == digest)
    }
  }

  /// A directory of its own for each test, gone after it.
  final class Place {
    let path: String

    init() throws {
      var template = Array("/tmp/swiftcr-test-XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
      path = template.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { String(cString: $0) } ?? ""
      }
    }

    deinit {
      for name in names { unlink("\(path)/\(name)") }
      rmdir(path)
    }

    var names: [String] {
      guard let stream = opendir(path) else { return [] }
      defer { closedir(stream) }
      var names: [String] = []
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
          pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
      }
      return names
    }
  }

  static let program = [UInt8](repeating: 6, count: 80)
  static let key = SHA256.digest([1])

  @Test func givesBackWhatItKeeps() throws {
    let place = try Place()
    let cache = SeccompCache(directory: "\(place.path)")
    #expect(cache.program(SeccompCacheTests.key) == nil)
    cache.store(SeccompCacheTests.program, SeccompCacheTests.key)
    #expect(cache.program(SeccompCacheTests.key) == SeccompCacheTests.program)
    #expect(cache.program(SHA256.digest([2])) == nil)
    #expect(place.names == [SeccompCache.hex(SeccompCacheTests.key)])
    var status = stat()
    #expect(stat("\(place.path)/\(place.names[0])", &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test(arguments: ["torn", "flipped", "longer", "empty", "renamed", "writable", "directory", "link", "fifo"])
  func doesNotTrust(_ fault: String) throws {
    let place = try Place()
    let cache = SeccompCache(directory: place.path)
    cache.store(SeccompCacheTests.program, SeccompCacheTests.key)
    let file = "\(place.path)/\(SeccompCache.hex(SeccompCacheTests.key))"
    var bytes = try readFile(file, limit: 1 << 20)
    var key = SeccompCacheTests.key
    switch fault {
    case "torn": bytes.removeLast(8)
    case "flipped": bytes[60] ^= 1
    case "longer": bytes += [6, 0, 0, 0, 0, 0, 0, 0]
    case "empty": bytes = []
    case "renamed":
      key = SHA256.digest([2])
      #expect(rename(file, "\(place.path)/\(SeccompCache.hex(key))") == 0)
    case "writable": #expect(chmod(file, 0o622) == 0)
    case "directory": #expect(chmod(place.path, 0o777) == 0)
    case "link": #expect(rename(file, "\(file)x") == 0 && symlink("\(file)x", file) == 0)
    default: #expect(unlink(file) == 0 && mkfifo(file, 0o600) == 0)
    }
    if ["torn", "flipped", "longer", "empty"].contains(fault) {
      let output = try Descriptor.open(file, O_WRONLY | O_TRUNC)
      try output.writeAll(bytes)
    }
    #expect(cache.program(key) == nil)
    // It is replaced by a good one, but not in a directory of everybody's.
    cache.store(SeccompCacheTests.program, key)
    #expect((cache.program(key) == nil) == (fault == "directory"))
  }

  @Test(.enabled(if: geteuid() == 0)) func doesNotTrustAnotherUsersFile() throws {
    let place = try Place()
    let cache = SeccompCache(directory: place.path)
    cache.store(SeccompCacheTests.program, SeccompCacheTests.key)
    #expect(chown("\(place.path)/\(SeccompCache.hex(SeccompCacheTests.key))", 65534, 65534) == 0)
    #expect(cache.program(SeccompCacheTests.key) == nil)
    #expect(chown(place.path, 65534, 65534) == 0)
    cache.store(SeccompCacheTests.program, SHA256.digest([3]))
    #expect(cache.program(SHA256.digest([3])) == nil)
  }

  @Test func theOldestGo() throws {
    let place = try Place()
    let cache = SeccompCache(directory: place.path, limit: 4)
    let keys = (0..<9).map { SHA256.digest([UInt8($0)]) }
    for (index, key) in keys.enumerated() {
      cache.store(SeccompCacheTests.program, key)
      // The clock of the file system is coarser than this loop.
      var times = [timespec(tv_sec: 1000 + index, tv_nsec: 0), timespec(tv_sec: 1000 + index, tv_nsec: 0)]
      utimensat(-100, "\(place.path)/\(SeccompCache.hex(key))", &times, 0)
    }
    #expect(keys.map { cache.program($0) != nil } == [false, false, false, false, false, true, true, true, true])
    #expect(place.names.count == 4)
  }

  @Test func everyMemberOfTheProfileCounts() {
    var keys: Set<[UInt8]> = []
    var profile = SeccompFilterTests.profile([("read", "SCMP_ACT_ALLOW", [(0, "SCMP_CMP_EQ", 1, 2)])])
    func note() { keys.insert(SeccompCache.key(profile)) }
    note()
    note()
    #expect(keys.count == 1)
    let changes: [(inout Seccomp) -> Void] = [
      { $0.defaultErrnoRet = 1 }, { $0.defaultErrnoRet = 2 }, { $0.defaultAction = "SCMP_ACT_KILL" },
      { $0.architectures = ["a", "b"] }, { $0.architectures = ["ab"] }, { $0.syscalls[0].names = ["read", "x"] },
      { $0.syscalls[0].names = ["readx"] }, { $0.syscalls[0].action = "SCMP_ACT_LOG" }, { $0.syscalls[0].errnoRet = 1 },
      { $0.syscalls[0].args[0].index = 1 }, { $0.syscalls[0].args[0].value = 3 },
      { $0.syscalls[0].args[0].valueTwo = 3 },
      { $0.syscalls[0].args[0].op = "SCMP_CMP_NE" }, { $0.syscalls[0].args = [] }, { $0.syscalls.removeLast() },
    ]
    for change in changes {
      change(&profile)
      note()
    }
    #expect(keys.count == 1 + changes.count)
  }

  @Test func keepsWhatLibseccompHasMade() throws {
    let place = try Place()
    let cache = SeccompCache(directory: "\(place.path)/made")
    let profile = SeccompFilterTests.profile([
      ("read", "SCMP_ACT_ALLOW", [(0, "SCMP_CMP_GE", 5, 0)]), ("read", "SCMP_ACT_TRAP", [(1, "SCMP_CMP_GE", 5, 0)]),
    ])
    let first = try SeccompFilter.compile(profile, cache: cache)
    #expect(cache.program(SeccompCache.key(profile)) == first?.program)
    #expect(try SeccompFilter.compile(profile, cache: cache) == first)
    unlink("\(cache.directory)/\(SeccompCache.hex(SeccompCache.key(profile)))")
    rmdir(cache.directory)
  }
}
