import OCI
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0, 0), ("2024-02-29T23:59:59.123Z", 1_709_251_199, 123_000_000),
    ("2024-02-29T23:59:59.123456789123Z", 1_709_251_199, 123_456_789), ("2026-11-25T19:00:00+01:00", 1_795_629_600, 0),
    ("1969-12-31T23:59:59Z", -1, 0), ("0001-01-01T00:00:00Z", -62_135_596_800, 0),
    ("2026-11-25T13:30:00-04:30", 1_795_629_600, 0),
  ])
  func reads(text: String, seconds: Int64, nanoseconds: UInt32) {
    #expect(Timestamp(parsing: text) == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
  }

  @Test(arguments: [
    "", "2024", "2024-02-29", "2024-02-29T23:59:59", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z",
    "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00Zx", "0000-01-01T00:00:00Z",
    "２024-01-01T00:00:00Z",
  ])
  func refuses(text: String) { #expect(Timestamp(parsing: text) == nil) }

  @Test func whatIsWrittenIsReadAgain() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<1000 {
      let seconds = Int64.random(in: -62_000_000_000...253_000_000_000, using: &random)
      let moment = Timestamp(seconds: seconds, nanoseconds: UInt32.random(in: 0...999_999_999, using: &random))
      #expect(Timestamp(parsing: moment.description) == moment, "\(moment)")
    }
  }
}
