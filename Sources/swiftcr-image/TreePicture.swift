internal import Image
internal import OCI

/// Images as stacks, in a picture: a column for each, the same colour for the same layer.
enum TreePicture {
  private static let (width, height, gap) = (260, 44, 24)
  private static let colours = [
    "#cfe3f7", "#d5efd0", "#fbe3c8", "#ecd9f2", "#f9d6d5", "#d3f0ee", "#f4eec2", "#e0e0e0",
  ]

  static func svg(_ trees: [ImageTree]) -> String {
    let tallest = trees.map { $0.layers.count + $0.containers.count }.max() ?? 0
    let total = (trees.count * (width + gap) + gap, (tallest + 1) * (height + 4) + 2 * gap)
    let ground = total.1 - gap - height
    var body = ""
    for (column, tree) in trees.enumerated() {
      let left = gap + column * (width + gap)
      for (row, layer) in tree.layers.enumerated() {
        let top = ground - (row + 1) * (height + 4)
        let note = layer.sharedWith.isEmpty ? "" : "also in \(layer.sharedWith.joined(separator: ", "))"
        body += box(
          left, top, fill: colour(layer.diffID), dashed: false,
          "\(layer.diffID.short)  \(HumanText.size(layer.size))", TreeText.shortened(layer.createdBy), title: note)
      }
      for (row, container) in tree.containers.enumerated() {
        let top = ground - (tree.layers.count + row + 1) * (height + 4)
        body += box(
          left, top, fill: "#ffffff", dashed: true, "container \(container.id)",
          "\(HumanText.size(container.bytes)) written", title: "")
      }
      body += text(left + 8, ground + 18, tree.name, size: 13, weight: "bold")
      body += text(left + 8, ground + 34, "\(tree.id.short)  \(HumanText.size(tree.size))", size: 11)
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(total.0)" height="\(total.1)" font-family="sans-serif">
      <rect width="100%" height="100%" fill="#ffffff"/>
      \(body)</svg>

      """
  }

  private static func colour(_ diffID: Digest) -> String { colours[Int(diffID.bytes[0]) % colours.count] }

  private static func box(
    _ left: Int, _ top: Int, fill: String, dashed: Bool, _ first: String, _ second: String, title: String
  ) -> String {
    let dash = dashed ? " stroke-dasharray=\"5 3\"" : ""
    return
      "<g><title>\(escaped(title))</title><rect x=\"\(left)\" y=\"\(top)\" width=\"\(width)\" height=\"\(height)\" "
      + "rx=\"4\" fill=\"\(fill)\" stroke=\"#555555\"\(dash)/></g>\n"
      + text(left + 8, top + 18, first, size: 12) + text(left + 8, top + 35, String(second.prefix(40)), size: 10)
  }

  private static func text(_ left: Int, _ base: Int, _ text: String, size: Int, weight: String = "normal") -> String {
    "<text x=\"\(left)\" y=\"\(base)\" font-size=\"\(size)\" font-weight=\"\(weight)\">\(escaped(text))</text>\n"
  }

  /// Steps are written by whoever built the image.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _ where scalar.value < 0x20: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
