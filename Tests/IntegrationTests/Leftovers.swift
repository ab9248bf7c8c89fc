import Foundation
import Glibc
import Testing

/// What a container may leave on the host. Only what carries the bundle's name, or is swiftcr's own, is looked at: other
/// things may go on on the machine at the same time.
enum Leftovers {
  static func snapshot(of bundle: Bundle) -> Set<String> {
    var found: Set<String> = []
    for line in Host.read("/proc/self/mountinfo").split(separator: "\n")
    where line.contains(bundle.id) || line.contains(bundle.directory) || line.contains("swiftcr") {
      found.insert("mount \(line)")
    }
    walk("/sys/fs/cgroup", depth: 8) { path in
      if path.contains(bundle.id) { found.insert("cgroup \(path)") }
    }
    walk(bundle.state, depth: 3) { found.insert("state \($0)") }
    for root in ["/var/lib/swiftcr", "/run/swiftcr"] {
      walk(root, depth: 3) { found.insert("directory \($0)") }
    }
    for entry in entries("/proc") where entry.first?.isNumber == true {
      // Ended, and waiting for the host's init, whose child it became: nothing of ours is missing.
      if Host.read("/proc/\(entry)/stat").contains(") Z ") { continue }
      let group = Host.read("/proc/\(entry)/cgroup")
      let command = Host.read("/proc/\(entry)/cmdline")
      if group.contains(bundle.id) || command.contains(bundle.directory) {
        found.insert("process \(entry) \(command.replacingOccurrences(of: "\0", with: " "))")
      }
    }
    return found
  }

  /// Records an issue for each thing that is there now and was not before. A killed process takes a moment to go.
  static func check(_ bundle: Bundle, _ before: Set<String>, sourceLocation: SourceLocation) {
    var left: Set<String> = []
    for _ in 0..<40 {
      left = snapshot(of: bundle).subtracting(before)
      // Kept on purpose: the directories that hold all containers' state.
      left = left.filter { !$0.hasSuffix("/state/.lock") && $0 != "directory /var/lib/swiftcr/containers" }
      if left.isEmpty { return }
      usleep(25000)
    }
    #expect(left.sorted() == [], "left over", sourceLocation: sourceLocation)
  }

  /// What is in a directory tree, for comparison: type, mode, owner, size, modification time, content.
  static func fingerprint(of directory: String) throws -> String {
    try Host.must(
      "sh", "-c",
      """
      cd "$1" || exit
      find . -printf '%p %y %m %U:%G %T@ %l\\n' | sort
      find . -type f -print0 | sort -z | xargs -0 -r sha256sum
      """, "sh", directory)
  }

  private static func entries(_ path: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  }

  private static func walk(_ path: String, depth: Int, _ visit: (String) -> Void) {
    guard depth > 0 else { return }
    for entry in entries(path) {
      let child = "\(path)/\(entry)"
      var status = stat()
      guard lstat(child, &status) == 0 else { continue }
      let isDirectory = status.st_mode & S_IFMT == S_IFDIR
      if isDirectory || !path.hasPrefix("/sys") { visit(child) }
      if isDirectory { walk(child, depth: depth - 1, visit) }
    }
  }
}
