import Testing

@testable import Kernel

@Suite struct KernelVersionTests {
  @Test(arguments: [("6.12.1-amd64", 6, 12), ("5.15.0", 5, 15), ("7.3", 7, 3), ("6.6-rc1", 6, 6)])
  func releases(_ text: String, _ major: Int, _ minor: Int) {
    #expect(KernelVersion(release: text) == KernelVersion(major, minor))
  }

  @Test(arguments: ["", "6", "six.1", "6.x"]) func noReleases(_ text: String) {
    #expect(KernelVersion(release: text) == nil)
  }

  @Test func order() {
    #expect(KernelVersion(6, 6) < KernelVersion(6, 12) && KernelVersion(5, 19) < KernelVersion(6, 1))
    #expect(KernelVersion.running.map { $0 > KernelVersion(2, 6) } == true)
  }
}
