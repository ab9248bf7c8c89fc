internal import Glibc
import Testing

@testable import Arguments

@Test(arguments: [
  ("TERM", SIGTERM), ("term", SIGTERM), ("SIGTERM", SIGTERM), ("sigTerm", SIGTERM), ("", SIGTERM), ("9", SIGKILL),
  ("KILL", SIGKILL), ("0", 0), ("64", 64), ("HUP", SIGHUP), ("CHLD", SIGCHLD), ("CLD", SIGCHLD), ("IOT", SIGABRT),
  ("ABRT", SIGABRT), ("IO", SIGIO), ("POLL", SIGIO), ("PWR", SIGPWR), ("SYS", SIGSYS), ("STKFLT", SIGSTKFLT),
  ("WINCH", SIGWINCH), ("URG", SIGURG), ("XCPU", SIGXCPU), ("VTALRM", SIGVTALRM), ("USR1", SIGUSR1), ("USR2", SIGUSR2),
  ("CONT", SIGCONT), ("STOP", SIGSTOP), ("TSTP", SIGTSTP), ("TTIN", SIGTTIN), ("RTMIN", 34), ("RTMIN+0", 34),
  ("SIGRTMIN+3", 37), ("rtmin+30", 64), ("RTMAX", 64), ("RTMAX-1", 63), ("RTMAX-30", 34),
])
func signals(text: String, number: CInt) throws {
  #expect(try SignalName.number(text) == number)
}

@Test(arguments: [
  "FOO", "65", "-1", "+9", " 9", "9 ", "09", "99999999999999999999", "SIG", "SIGSIGTERM", "RTMIN+31", "RTMAX-31",
  "RTMIN-1",
  "RTMIN+", "RTMIN+-1", "RTMIN++1", "TERM\0", "ſigterm", "K\u{131}LL", "SIG9",
])
func unknownSignals(text: String) {
  let error = #expect(throws: UsageError.self) { try SignalName.number(text) }
  #expect(error?.description == "unknown signal \(quoted(text))")
}

@Test(
  arguments: [
    ("0", 0, nil), ("1", 1, nil), ("1000:100", 1000, 100), ("0:0", 0, 0), ("4294967294:4294967294", .max - 1, .max - 1),
  ] as [(String, UInt32, UInt32?)])
func users(text: String, uid: UInt32, gid: UInt32?) throws {
  let user = try UserArgument(text)
  #expect(user.uid == uid)
  #expect(user.gid == gid)
}

@Test(arguments: [
  "", ":", "1:", ":1", "+1", "-1", " 1", "1 ", "1: 2", "1:+2", "1:2:3", "1::2", "root", "1:root", "0x1", "1e3", "01",
  "1:00",
  "4294967295", "4294967296", "18446744073709551616", "18446744073709551617", "1:4294967295", "１", "1\0", "1\n",
  "1,2", "1.0",
])
func noUsers(text: String) {
  let error = #expect(throws: UsageError.self) { try UserArgument(text) }
  #expect(error?.description.hasPrefix("--user: expected UID or UID:GID") == true)
}

/// Whatever is taken is the one spelling of its numbers, so nothing that is half understood can become user 0.
@Test func usersAreExactlyTheirSpelling() throws {
  let alphabet = Array("00112345679::+- xé\n")
  var generator = SystemRandomNumberGenerator()
  var taken = 0
  for _ in 0..<20_000 {
    let length = Int.random(in: 0...12, using: &generator)
    let text = String((0..<length).compactMap { _ in alphabet.randomElement(using: &generator) })
    guard let user = try? UserArgument(text) else { continue }
    taken += 1
    #expect(text == user.gid.map { "\(user.uid):\($0)" } ?? "\(user.uid)")
  }
  #expect(taken > 100, "the property was hardly tried")
  for _ in 0..<2000 {
    let uid = UInt32.random(in: 0...(.max - 1), using: &generator)
    let gid = UInt32.random(in: 0...(.max - 1), using: &generator)
    #expect(try UserArgument("\(uid)").uid == uid)
    #expect(try UserArgument("\(uid):\(gid)").gid == gid)
  }
}
