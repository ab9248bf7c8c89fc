import Glibc
import Kernel
import Testing

@testable import Layers

/// The bytes of the form `erofs`, looked at without a kernel: newer ones forgive what older ones refuse.
@Suite struct ErofsFormatTests {
  private struct Image {
    let bytes: [UInt8]

    func number(_ offset: Int, _ size: Int) -> Int { (0..<size).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }

    var metadata: Int { number(1024 + 40, 4) * 512 }

    /// What is in a directory: names and their inodes' places.
    func names(_ start: Int, _ size: Int) -> [(name: [UInt8], inode: Int)] {
      var names: [(name: [UInt8], inode: Int)] = []
      for block in stride(from: start, to: start + size, by: 512) {
        let end = min(block + 512, start + size)
        let count = number(block + 8, 2) / 12
        for index in 0..<count {
          let from = block + number(block + 12 * index + 8, 2)
          let to = index + 1 < count ? block + number(block + 12 * index + 20, 2) : end
          let name = bytes[from..<to].prefix { $0 != 0 }
          names.append((Array(name), metadata + 32 * number(block + 12 * index, 8)))
        }
      }
      return names
    }
  }

  private func image(_ contents: [Content]) throws -> Image {
    let workshop = try Workshop()
    #expect(try Layer(contents).erofs("\(workshop.path)/layer").obstacle == nil)
    return Image(bytes: try readFile("\(workshop.path)/layer", limit: 64 << 20))
  }

  @Test func inodesAndWhatIsBesideThemLieInOneBlock() throws {
    let contents = (0..<400).map { number in
      let name = String(repeating: "n", count: number % 200) + "\(number)"
      return number % 3 == 0
        ? Content(.symbolicLink, "d\(number % 40)/\(name)", target: String(repeating: "t", count: 1 + number * 7 % 500))
        : Content(.file, "d\(number % 40)/\(name)").with {
          $0.attributes = [.init(name: Array("user.a".utf8), value: [UInt8](repeating: 1, count: number * 13 % 300))]
        }
    }
    let image = try image(contents)
    var pending = [image.metadata + 32 * image.number(1024 + 14, 2)]
    var seen: Set<Int> = []
    var inline = 0
    while let inode = pending.popLast() {
      guard seen.insert(inode).inserted else { continue }
      let layout = image.number(inode, 2) >> 1
      let words = image.number(inode + 2, 2)
      let head = 64 + (words == 0 ? 0 : 12 + 4 * (words - 1))
      let size = image.number(inode + 8, 8)
      try #require(inode % 512 + 64 <= 512 || layout != 2)
      if layout == 2 {
        inline += 1
        #expect(inode % 512 + head + size <= 512, "inode at \(inode): \(head) and \(size) bytes")
      }
      guard image.number(inode + 4, 2) & 0o170000 == 0o040000 else { continue }
      let names = image.names(layout == 2 ? inode + head : image.number(inode + 16, 4) * 512, size)
      #expect(names.map(\.name) == names.map(\.name).sorted { $0.lexicographicallyPrecedes($1) })
      #expect(names.contains { $0.name == Array("..".utf8) } && names.contains { $0.name == Array(".".utf8) })
      pending += names.map(\.inode)
    }
    #expect(seen.count == 400 + 40 + 1)
    #expect(inline > 100)
    #expect(image.number(1024 + 16, 8) == seen.count)
  }

  @Test func onlyWhatIsUsedIsNeededOfTheKernel() throws {
    let plain = try image([Content(.file, "f", data: [1])])
    #expect(plain.number(1024, 4) == 0xE0F5_E1E2)
    #expect(plain.bytes[1024 + 12] == 9)
    // No incompatible feature.
    #expect(plain.number(1024 + 80, 4) == 0)
    #expect(plain.bytes.count % 4096 == 0)
    // The data are where the archive has them.
    #expect(plain.bytes[4096 + 512] == 1)
  }
}
