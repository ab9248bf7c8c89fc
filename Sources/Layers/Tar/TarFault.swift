/// Why a header is not accepted; the reader adds where it was.
struct TarFault: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
