internal import CLinux
internal import Dockerfile
internal import Glibc
internal import Kernel

/// A socket of the build's own that leads to an ssh agent: it has the mode and the owner that a mount asks for, which the
/// agent's own must not get, and it is gone with the step.
final class AgentSocket {
  let path: String
  private let directory: String
  private let relay: AgentRelay
  /// Closing it ends the thread.
  private var end: Descriptor
  private var thread: NativeThread?

  /// - Throws: also when there is no agent.
  init(to agent: String, _ step: RunMount, in directory: String) throws(SystemError) {
    self.directory = directory
    path = "\(directory)/agent"
    guard mkdir(directory, 0o700) == 0 else { throw SystemError("make", directory) }
    // A path of the store may be longer than the name of a socket.
    let place = try Descriptor.open(directory, O_RDONLY | O_DIRECTORY)
    let listener = Descriptor(adopting: clinux_stream_socket(1))
    let (root, number) = (place.number, listener.number)
    guard number >= 0, clinux_bind_and_listen(number, "/proc/self/fd/\(root)/agent") == 0 else {
      throw SystemError("make socket", path)
    }
    guard chown(path, step.uid ?? 0, step.gid ?? 0) == 0, chmod(path, step.mode ?? 0o600) == 0 else {
      throw SystemError("set owner and mode of socket", path)
    }
    var ends: [CInt] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw SystemError("make pipe") }
    end = Descriptor(adopting: ends[1])
    relay = AgentRelay(listener, until: Descriptor(adopting: ends[0]), agent)
    // Nobody would notice later.
    guard relay.connect() != nil else { throw SystemError("connect to the ssh agent", agent) }
    let relay = relay
    thread = try NativeThread { relay.run() }
  }

  deinit {
    end = Descriptor(adopting: -1)
    if let thread = thread.take() { thread.join() }
    unlink(path)
    rmdir(directory)
  }
}

/// Carries bytes between those who connect and the agent. What a container can make it keep is bounded.
///
/// Only its thread uses it once that runs.
private final class AgentRelay: @unchecked Sendable {
  private let listener: Descriptor
  private let end: Descriptor
  private let agent: String
  private var pairs: [Pair] = []

  private static let mostPairs = 64

  init(_ listener: consuming Descriptor, until end: consuming Descriptor, _ agent: String) {
    self.listener = listener
    self.end = end
    self.agent = agent
  }

  /// A connection of a container, and the one of its own to the agent.
  private final class Pair {
    let near: Descriptor
    let far: Descriptor
    var asked = Flow()
    var answered = Flow()

    init(_ near: consuming Descriptor, _ far: consuming Descriptor) {
      self.near = near
      self.far = far
    }
  }

  /// Bytes that were read and not written yet.
  private struct Flow {
    private var bytes: [UInt8] = []
    private var isAtEnd = false
    private static let most = 64 << 10

    func events(reading: Bool) -> Int16 {
      Int16(reading ? (bytes.isEmpty && !isAtEnd ? POLLIN : 0) : (bytes.isEmpty ? 0 : POLLOUT))
    }

    /// - Returns: whether it can go on.
    mutating func move(from source: CInt, to destination: CInt) -> Bool {
      if bytes.isEmpty, !isAtEnd {
        var count = 0
        bytes = [UInt8](unsafeUninitializedCapacity: Self.most) { buffer, used in
          count = retrying { read(source, buffer.baseAddress, buffer.count) }
          used = max(0, count)
        }
        if count < 0, errno != EAGAIN { return false }
        if count == 0 {
          isAtEnd = true
          shutdown(destination, CInt(SHUT_WR))
        }
      }
      guard !bytes.isEmpty else { return true }
      // Without a signal when nobody is there any more.
      let sent = retrying { send(destination, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }
      if sent < 0 { return errno == EAGAIN }
      bytes.removeFirst(sent)
      return true
    }

    var isDone: Bool { isAtEnd && bytes.isEmpty }
  }

  func connect() -> Descriptor? {
    let made = Descriptor(adopting: clinux_stream_socket(0))
    let number = made.number
    guard number >= 0, retrying({ clinux_connect(number, agent) }) == 0, fcntl(number, F_SETFL, O_NONBLOCK) == 0 else {
      return nil
    }
    return made
  }

  /// Until the other end of the pipe is closed.
  func run() {
    while true {
      let isFull = pairs.count >= Self.mostPairs
      var waits = [
        pollfd(fd: end.number, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isFull ? -1 : listener.number, events: Int16(POLLIN), revents: 0),
      ]
      for pair in pairs {
        let near = pair.asked.events(reading: true) | pair.answered.events(reading: false)
        let far = pair.answered.events(reading: true) | pair.asked.events(reading: false)
        // One that is at its end and has nothing to get would wake this thread for ever.
        waits.append(pollfd(fd: near == 0 ? -1 : pair.near.number, events: near, revents: 0))
        waits.append(pollfd(fd: far == 0 ? -1 : pair.far.number, events: far, revents: 0))
      }
      guard retrying({ CInt(poll(&waits, nfds_t(waits.count), -1)) }) >= 0, waits[0].revents == 0 else { return }
      pairs.removeAll { pair in !carry(pair) }
      if waits[1].revents != 0 { accept() }
    }
  }

  private func carry(_ pair: Pair) -> Bool {
    let (near, far) = (pair.near.number, pair.far.number)
    return pair.asked.move(from: near, to: far) && pair.answered.move(from: far, to: near)
      && !(pair.asked.isDone && pair.answered.isDone)
  }

  private func accept() {
    let number = listener.number
    let near = Descriptor(adopting: retrying { clinux_accept(number) })
    guard near.number >= 0, let far = connect() else { return }
    pairs.append(Pair(near, far))
  }
}
