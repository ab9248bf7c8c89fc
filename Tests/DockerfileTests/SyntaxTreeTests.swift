import Testing

@testable import Dockerfile

@Suite struct SyntaxTreeTests {
  @Test(.enabled(if: BuildKitData.root != nil, BuildKitData.isAbsent), arguments: BuildKitData.cases)
  func treesOfBuildKit(name: String) throws {
    var reader = try NodeReader(try BuildKitData.read("testfiles/\(name)/Dockerfile"))
    let dump = try reader.nodes().map { "(\($0.dump))" }.joined(separator: "\n")
    let result = String(decoding: try BuildKitData.read("testfiles/\(name)/result"), as: UTF8.self)
    #expect(dump == result.trimmed)
  }
}
