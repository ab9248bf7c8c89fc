import Foundation
import Testing

@testable import OCI

/// Where runc is, if it is installed.
private let runc = ["/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc", "/usr/local/bin/runc"].first {
  FileManager.default.isExecutableFile(atPath: $0)
}

@Suite("The template of config.json")
struct SpecTemplateTests {
  @Test("Both variants are configurations without a fault or a warning", arguments: [false, true])
  func isValid(isRootless: Bool) throws {
    let template = SpecTemplate.json(rootless: isRootless ? .init(uid: 1000, gid: 1001) : nil)
    let spec = try Spec.load(template.bytes(indent: "\t"))
    #expect(spec.warnings() == [])
    #expect(spec.linux.namespaces.contains { $0.type == .user } == isRootless)
    #expect(spec.linux.uidMappings.map(\.hostID) == (isRootless ? [1000] : []))
    #expect(spec.linux.gidMappings.map(\.hostID) == (isRootless ? [1001] : []))
  }

  @Test("A cgroup namespace comes where runc has it")
  func cgroupNamespace() throws {
    func types(_ json: JSON) -> [String] {
      json["linux"]?["namespaces"]?.elements?.compactMap { $0["type"]?.string } ?? []
    }
    #expect(types(SpecTemplate.json(cgroupNamespace: true)) == ["pid", "network", "ipc", "uts", "mount", "cgroup"])
    let rootless = SpecTemplate.json(rootless: .init(uid: 1, gid: 1), cgroupNamespace: true)
    #expect(types(rootless) == ["pid", "ipc", "uts", "mount", "cgroup", "user"])
  }

  @Test(
    "Bytes are those of `runc spec`, the version aside", .enabled(if: runc != nil, "runc is not installed"),
    arguments: [false, true])
  func isWhatRuncWrites(isRootless: Bool) throws {
    let written = try runcSpec(isRootless ? ["spec", "--rootless"] : ["spec"])
    let json = try JSON.parse(written)
    let version = try #require(json["ociVersion"]?.string)
    let owner = SpecTemplate.Owner(uid: geteuid(), gid: getegid())
    let ours = SpecTemplate.json(
      rootless: isRootless ? owner : nil, cgroupNamespace: json.text().contains(#"{"type":"cgroup"}"#))
    // Reading and writing runc's own document changes no byte of it.
    #expect(json.bytes(indent: "\t") == written)
    guard version.hasPrefix("1.0.") || version.hasPrefix("1.1.") else { return }  // Newer ones mask more paths.
    let text = ours.text(indent: "\t").replacingOccurrences(
      of: "\"\(ContainerState.ociVersion)\"", with: "\"\(version)\"")
    #expect(text == String(decoding: written, as: UTF8.self))
  }

  private func runcSpec(_ arguments: [String]) throws -> [UInt8] {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("spec-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: try #require(runc))
    process.arguments = arguments
    process.currentDirectoryURL = directory
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return Array(try Data(contentsOf: directory.appendingPathComponent("config.json")))
  }
}
