import Layers
import Testing

/// Maps of sparse files that no program writes.
@Suite struct TarSparseTests {
  private func reason(limits: LayerLimits = .standard, _ make: (inout RawTar) -> Void) -> String {
    var tar = RawTar()
    make(&tar)
    tar.addEnd()
    do {
      let listing = try TarListing.read(tar.bytes, limits: limits)
      return "no error: \(listing.items.map { $0.entry.extents ?? [] })"
    } catch {
      return error.description
    }
  }

  private func pax(_ map: String, size: String = "100", data: String = "abcd") -> String {
    reason { tar in
      tar.addRecords([("GNU.sparse.map", map), ("GNU.sparse.size", size)])
      tar.add("sparse", data: data)
    }
  }

  @Test func mapsOfPAX() {
    #expect(pax("0,2,98,2").hasPrefix("no error"))
    #expect(pax("0,2,98,3", data: "abcde").contains("not in order"))
    #expect(pax("10,2,0,2").contains("not in order"))
    #expect(pax("10,2,11,2").contains("not in order"))
    #expect(pax("18446744073709551615,4").contains("not in order"))
    #expect(pax("0,3").contains("differ in length"))
    #expect(pax("0,2,5").contains("ends in the middle"))
    #expect(pax("0,,4").contains("no number"))
    #expect(pax("", data: "").hasPrefix("no error"))
    #expect(pax("0,4", size: "9223372036854775808").contains("size is invalid"))
    #expect(pax("0,0,0,0,0,4").hasPrefix("no error"))
  }

  @Test func pairsOfRecords() {
    let records = { (keys: [String]) in
      self.reason { tar in
        tar.addRecords([("GNU.sparse.size", "9")] + keys.map { ("GNU.sparse.\($0)", $0 == "offset" ? "5" : "4") })
        tar.add("sparse", data: "abcd")
      }
    }
    #expect(records(["offset", "numbytes"]).hasPrefix("no error"))
    #expect(records(["numbytes", "offset"]).contains("not in pairs"))
    #expect(records(["offset", "offset"]).contains("not in pairs"))
  }

  @Test func mapsBeforeTheData() {
    let file = { (map: String, data: String) in
      self.reason { tar in
        tar.addRecords([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "100")])
        let text = Array(map.utf8)
        tar.add(Array("sparse".utf8), data: text + [UInt8](repeating: 0, count: -text.count & 511) + Array(data.utf8))
      }
    }
    #expect(file("1\n10\n4\n", "abcd").hasPrefix("no error"))
    #expect(file("0\n", "").hasPrefix("no error"))
    #expect(file("1\n10\n5\n", "abcd").contains("differ in length"))
    #expect(file("2\n10\n4\n", "abcd").contains("invalid number"))
    #expect(file("-1\n", "").contains("invalid number"))
    #expect(file("99999999999999999999999\n", "").contains("invalid number"))
    #expect(file(String(repeating: "1", count: 512), "").contains("invalid number"))
    #expect(file("9\n" + String(repeating: "1\n0\n", count: 4), "").contains("invalid number"))
    #expect(file("", "").contains("longer than the entry"))
    #expect(file("1000000\n" + String(repeating: "1\n0\n", count: 2000), "").contains("longer than the entry") == false)
  }

  @Test func mapsAreBounded() {
    let limits = LayerLimits(size: 1 << 20, entries: 10, headers: 4096, path: 100)
    let map = Array(repeating: "0,0", count: 257).joined(separator: ",")
    let found = reason(limits: limits) { tar in
      tar.addRecords([("GNU.sparse.map", map), ("GNU.sparse.size", "0")])
      tar.add("sparse")
    }
    #expect(found.contains("more than 256 parts"))
    // GNU's old form, which goes on for ever.
    let old = reason(limits: limits) { tar in
      tar.add(Array("sparse".utf8), type: "S") { header in
        header.replaceSubrange(386..<398, with: RawTar.octal(0, 11) + [0])
        header.replaceSubrange(398..<410, with: RawTar.octal(0, 11) + [0])
        header[482] = 1
        header.replaceSubrange(483..<495, with: RawTar.octal(0, 11) + [0])
      }
      var block: [UInt8] = []
      for _ in 0..<42 { block += RawTar.octal(0, 11) + [0] }
      block += [1] + [UInt8](repeating: 0, count: 7)
      for _ in 0..<20 { tar.bytes += block }
    }
    #expect(old.contains("more than 256 parts"))
  }
}
