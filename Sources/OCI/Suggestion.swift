/// The word that somebody most likely meant: at most two letters away, and no more than a third of what was written.
package func nearest(to written: String, among words: [String]) -> String? {
  let length = written.utf8.count
  // Nobody mistypes a kilobyte: the distance costs the product of both lengths.
  guard length <= 32 else { return nil }
  var best: (word: String, distance: Int)?
  for word in words {
    let distance = editDistance(Array(written.utf8), Array(word.utf8))
    if distance <= min(2, max(1, length / 3)), distance < best?.distance ?? 3 { best = (word, distance) }
  }
  return best?.word
}

/// How many letters to add, drop, replace, or swap with their neighbour make one word of the other.
package func editDistance(_ one: [UInt8], _ other: [UInt8]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...other.count)
  for (row, letter) in one.enumerated() {
    var current = [row + 1]
    for (column, counterpart) in other.enumerated() {
      var distance = last[column] + (letter == counterpart ? 0 : 1)
      distance = min(distance, last[column + 1] + 1, current[column] + 1)
      if row > 0, column > 0, letter == other[column - 1], one[row - 1] == counterpart {
        distance = min(distance, beforeLast[column - 1] + 1)
      }
      current.append(distance)
    }
    (beforeLast, last) = (last, current)
  }
  return last[other.count]
}
