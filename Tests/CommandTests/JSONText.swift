internal import Foundation

/// JSON as others read it.
enum JSONText {
  /// A text of an object; nil if the line is no object on one line, or has no such text.
  static func field(_ name: String, of line: String) -> String? {
    guard line.utf8.filter({ $0 == 10 }).count == 1, line.hasSuffix("\n") else { return nil }
    let object = try? JSONSerialization.jsonObject(with: Data(line.utf8))
    return (object as? [String: Any])?[name] as? String
  }
}
