import Testing

@testable import Dockerfile

@Suite struct ExpanderTests {
  @Test(.enabled(if: BuildKitData.root != nil, BuildKitData.isAbsent))
  func casesOfBuildKit() throws {
    let values = ["PWD": "/home", "SHELL": "bash", "KOREAN": "한국어", "NULL": ""]
    let text = String(decoding: try BuildKitData.read("envVarTest"), as: UTF8.self)
    var count = 0
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { String($0).trimmed }
      guard cells.count == 3, cells[0] != "W" else { continue }
      count += 1
      let result = try? Expander().expand(cells[1]) { values[$0] }.text
      #expect(result == (cells[2] == "error" ? nil : cells[2]), "\(cells[1])")
    }
    #expect(count > 200)
  }
}
