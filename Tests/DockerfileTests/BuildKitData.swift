import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The test data of moby/buildkit, which is not part of this repository: the folder that `SWIFTCR_BUILDKIT_DATA` names,
/// or `shared/data/buildkit` beside one of the folders above this one.
enum BuildKitData {
  static let root: String? = {
    if let named = getenv("SWIFTCR_BUILDKIT_DATA") { return String(cString: named) }
    var directory = #filePath
    while let slash = directory.lastIndex(of: "/") {
      directory = String(directory[..<slash])
      let candidate = "\(directory)/shared/data/buildkit"
      if access("\(candidate)/envVarTest", R_OK) == 0 { return candidate }
    }
    return nil
  }()

  static let isAbsent: Comment = "there is no data of moby/buildkit: SWIFTCR_BUILDKIT_DATA names its folder"

  /// The names of the Dockerfiles whose syntax tree is known.
  static var cases: [String] {
    guard let root, let stream = opendir("\(root)/testfiles") else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  static func read(_ path: String) throws -> [UInt8] {
    let root = try #require(root)
    let file = try #require(fopen("\(root)/\(path)", "r"))
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
  }
}
