import Glibc
import Kernel
import Testing

@testable import Store

/// An image store of an artificial earlier format: there was none so far.
@Suite("Formats of the image store") struct StoreUpgradeTests {
  /// A store in a directory of its own, for the time of the body.
  private func withStore(version: String, _ body: (StoreLayout) throws -> Void) throws {
    var template = Array("/tmp/swiftcr-store-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer {
      if let parent = try? Descriptor.open("/tmp", O_RDONLY | O_DIRECTORY) {
        try? TreeRemoval.remove(String(path.dropFirst(5)), at: parent.number)
      }
    }
    let layout = StoreLayout(path)
    for directory in layout.directories { try Directories.make(directory) }
    try write(version, layout.versionFile)
    try body(layout)
  }

  private func write(_ text: String, _ path: String) throws {
    try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC).writeAll(Array(text.utf8), subject: path)
  }

  private func text(_ path: String) throws -> String { String(decoding: try readFile(path, limit: 100), as: UTF8.self) }

  /// Each adds its number to a file.
  private func step(_ number: Int, failing: Bool = false) -> StoreUpgrade.Step {
    { (layout) throws(StoreError) in
      do throws(SystemError) {
        let file = try Descriptor.open("\(layout.path)/steps", O_WRONLY | O_CREAT | O_APPEND)
        try file.writeAll(Array("\(number) ".utf8), subject: "steps")
      } catch {
        throw StoreError(error)
      }
      if failing { throw StoreError("cut") }
    }
  }

  @Test func everyStepOnceAndInOrder() throws {
    try withStore(version: "1\n") { layout in
      try StoreUpgrade.run(layout, [step(1), step(2)])
      try StoreUpgrade.run(layout, [step(1), step(2)])
      #expect(try text("\(layout.path)/steps") == "1 2 " && text(layout.versionFile) == "3\n")
      #expect(try Directories.names(in: Descriptor.open(layout.making, O_RDONLY).release(), limit: 9) == [])
    }
  }

  @Test func whatWasInterruptedIsRepeated() throws {
    try withStore(version: "1\n") { layout in
      #expect(throws: StoreError.self) { try StoreUpgrade.run(layout, [step(1), step(2, failing: true)]) }
      #expect(try text(layout.versionFile) == "2\n")
      try StoreUpgrade.run(layout, [step(1), step(2)])
      #expect(try text("\(layout.path)/steps") == "1 2 2 " && text(layout.versionFile) == "3\n")
    }
  }

  @Test func notWhileOthersUseIt() throws {
    try withStore(version: "1\n") { layout in
      let hold = try Hold(layout)
      #expect(throws: StoreError.self) { try StoreUpgrade.run(layout, [step(1)]) }
      _ = consume hold
      try StoreUpgrade.run(layout, [step(1)])
      #expect(try text(layout.versionFile) == "2\n")
    }
  }

  @Test func otherFormatsAreRefused() throws {
    #expect(StoreLayout.version == StoreUpgrade.steps.count + 1)
    for version in ["2\n", "0\n", "x", ""] {
      try withStore(version: version) { layout in
        #expect(throws: StoreError.self, "\(version)") { _ = try ImageStore(path: layout.path, upgrades: true) }
      }
    }
  }
}
