import Foundation

/// A network namespace that is there as long as a process of ours: `ip netns add` would leave a mount on the host.
struct HeldNetwork {
  private let holder: Host.Child
  /// What a bundle joins it by.
  var path: String { "/proc/\(holder.pid)/ns/net" }
  /// `net:[…]`
  let name: String

  init() throws {
    let holder = try Host.spawn(["unshare", "--net", "sleep", "1000"])
    let path = "/proc/\(holder.pid)/ns/net"
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
    var name = own
    try Host.wait(for: "a network namespace") {
      name = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? own
      return name != own
    }
    (self.holder, self.name) = (holder, name)
  }
}
