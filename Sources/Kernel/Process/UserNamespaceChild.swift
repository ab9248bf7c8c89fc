internal import CLinux
internal import Glibc

/// Runs code of this program in a child that has all capabilities in a new user namespace.
///
/// For what belongs to subordinate ids: their user may not touch it directly. The child is a fork, which is safe because
/// this process has one thread. It runs Swift, and may: the namespace is new and ours, no container's process was ever in
/// it; the mount namespace stays the host's; and processes of a container with the same ids cannot trace it, because
/// they have no rights outside of their own user namespace (ptrace(2)).
public enum UserNamespaceChild {
  /// - Parameters:
  ///   - map: writes the maps of the child, whose pid it is given.
  ///   - body: runs in the child, as the same user, after that.
  /// - Throws: what `map` throws, or a refusal with the words of what `body` throws.
  public static func run<Failure: Error>(
    map: (Int32) throws(Failure) -> Void, wrap: (SystemError) -> Failure, _ body: () throws(SystemError) -> Void
  ) throws(Failure) {
    let pair: PacketPair
    do throws(SystemError) {
      guard clinux_thread_count() == 1 else { throw SystemError.refusal("fork: this process has more than one thread") }
      pair = try PacketPair()
    } catch {
      throw wrap(error)
    }
    let theirs = pair.theirs.number
    let ours = pair.ours.descriptor.number
    let pid = clinux_fork()
    if pid == 0 { serve(theirs, closing: ours, body) }
    guard pid > 0 else { throw wrap(SystemError("fork")) }
    let socket = pair.keepOurs()
    defer {
      var status: CInt = 0
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }
    do throws(SystemError) {
      // The child says that it is there, or why not.
      try Self.hear(socket.descriptor)
    } catch {
      throw wrap(error)
    }
    do throws(Failure) {
      try map(pid)
    } catch {
      kill(pid, SIGKILL)
      throw error
    }
    do throws(SystemError) {
      try socket.send(UInt8(ascii: "g"))
      try Self.hear(socket.descriptor)
    } catch {
      throw wrap(error)
    }
  }

  /// One message: one byte for success, which no sentence is as short as.
  private static func hear(_ socket: borrowing Descriptor) throws(SystemError) {
    let number = socket.number
    let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      count = max(0, retrying { read(number, buffer.baseAddress, 4096) })
    }
    if bytes.isEmpty { throw SystemError.refusal("a process in a user namespace ended early") }
    if bytes.count > 1 { throw SystemError.refusal(String(decoding: bytes, as: UTF8.self)) }
  }

  private static func serve(_ socket: CInt, closing other: CInt, _ body: () throws(SystemError) -> Void) -> Never {
    close(other)
    do throws(SystemError) {
      guard clinux_unshare(clinux_clone_newuser) == 0 else { throw SystemError("make user namespace") }
      say("g", socket)
      var byte: UInt8 = 0
      // End of file: our parent is gone.
      guard retrying({ read(socket, &byte, 1) }) == 1 else { _exit(1) }
      try body()
      say("g", socket)
    } catch {
      say("\(error)", socket)
    }
    _exit(0)
  }

  private static func say(_ text: String, _ socket: CInt) {
    var text = String(decoding: Array(text.utf8.prefix(4000)), as: UTF8.self)
    text.withUTF8 { buffer in _ = send(socket, buffer.baseAddress, buffer.count, CInt(MSG_NOSIGNAL)) }
  }
}
