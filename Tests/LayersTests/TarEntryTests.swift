import Layers
import Testing

@Suite struct TarEntryTests {
  @Test func timesBeforeTheEpochKeepTheirFraction() {
    let time = TarEntry.Time(seconds: -1, nanoseconds: 500_000_000)
    #expect(TarEntry(kind: .file, path: [], modified: time).modified == time)
  }
}
