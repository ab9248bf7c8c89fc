internal import Glibc
internal import OCI

/// Standard output of a command, in one write.
package enum Output {
  package static let specVersion = ContainerState.ociVersion

  /// - Returns: the exit status: 1 if nobody takes it.
  @discardableResult
  package static func print(_ text: String) -> Int32 {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { write(1, $0.baseAddress?.advanced(by: written), bytes.count - written) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return 1 }
      written += count
    }
    return 0
  }

  /// Rows with columns as wide as their widest entry and three spaces, but at least twelve, as runc's lists (Go's
  /// `tabwriter.NewWriter(w, 12, 1, 3, ' ', 0)`).
  package static func table(_ rows: [[String]]) -> String {
    var widths: [Int] = []
    for row in rows {
      for (index, cell) in row.enumerated() {
        if index == widths.count { widths.append(0) }
        widths[index] = max(widths[index], cell.count)
      }
    }
    return rows.map { row in
      row.enumerated().map { index, cell in
        index == row.count - 1 ? cell : cell + String(repeating: " ", count: max(widths[index] + 3, 12) - cell.count)
      }.joined() + "\n"
    }.joined()
  }
}
