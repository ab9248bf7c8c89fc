internal import Image
internal import OCI

/// Images as stacks, in lines: what is on top comes first.
enum TreeText {
  static func text(_ trees: [ImageTree]) -> String {
    trees.map(text).joined(separator: "\n")
  }

  private static func text(_ tree: ImageTree) -> String {
    var lines = tree.containers.map { "container \($0.id)  \(HumanText.size($0.bytes)) written" }
    for layer in tree.layers.reversed() {
      var line = "\(layer.diffID.short)  \(HumanText.size(layer.size))  \(shortened(layer.createdBy))"
      if !layer.sharedWith.isEmpty { line += "  (also in \(layer.sharedWith.joined(separator: ", ")))" }
      lines.append(line)
    }
    let drawn = lines.enumerated().map { index, line in
      (index == lines.count - 1 ? "└── " : "├── ") + line + "\n"
    }
    return "\(tree.name)  \(tree.id.short)  \(HumanText.size(tree.size))\n" + drawn.joined()
  }

  static func shortened(_ command: String) -> String {
    let line = command.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count <= 60 ? line : line.prefix(59) + "…"
  }
}
