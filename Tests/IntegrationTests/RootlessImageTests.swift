import Foundation
import Glibc
import Testing

extension Integration.Rootless {
  @Test("run --image, from the user's own store", arguments: [User.Ids.single, .subordinate])
  func image(_ ids: User.Ids) throws {
    let directory = Host.temporaryDirectory("user-images")
    defer { Host.remove(directory) }
    let user = try User(ids, in: directory)
    let store = "\(user.home)/data/swiftcr/store"
    try Host.must("mkdir", "-p", "\(user.home)/data/swiftcr")
    try Host.must(Host.fixture("store"), store)
    // The accounts' files of the image are the user's then, as an unpacked layer's are.
    try Host.must("chown", "-Rh", "\(User.id):\(User.id)", "\(user.home)/data")
    func swiftcr(_ arguments: String...) throws -> Outcome { try user.run([Host.program] + arguments) }

    // Ids beside the own one, where there are any.
    let own = ids == .single ? "true" : "chown 1000:1000 /data/log && chmod 600 /data/log"
    let script = "id -u; cat /etc/greeting; hostname; echo run >> /data/log; \(own); wc -l < /data/log"
    let first = try swiftcr("run", "--name", "box", "--image", "tour", "sh", "-c", script)
    #expect(first.code == 0 && first.lines == ["0", "hello from layer 2", "box", "1"], "\(first)")
    let again = try swiftcr("start", "--attach", "box")
    #expect(again.lines.last == "2", "\(again)")
    #expect(try swiftcr("list", "--quiet").output == "box\n")
    let removed = try swiftcr("rm", "box")
    #expect(removed.code == 0, "\(removed)")
    let temporary = try swiftcr("run", "--rm", "--image", "tour", "sh", "-c", "mkdir /new && touch /new/x && \(own)")
    #expect(ids == .single ? temporary.code == 0 : temporary.code == 1, "\(temporary)")
    for place in ["\(store)/kept", "\(store)/making", user.state] {
      let left = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
      #expect(left == [], "\(place)")
    }
  }
}
