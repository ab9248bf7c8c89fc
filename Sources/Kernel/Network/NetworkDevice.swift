internal import Glibc

/// Moves a network device into another network namespace (config-linux.md, "Network devices").
public enum NetworkDevice {
  /// Moves a device of the caller's namespace, with its global addresses, and brings it up there.
  ///
  /// - Parameters:
  ///   - namespace: an open network namespace.
  ///   - newName: its name there; `nil` keeps it. The first number that is free takes the place of `%d`.
  /// - Throws: `ENODEV` without such a device, `EEXIST` when the name is taken there.
  public static func move(_ name: String, to namespace: CInt, as newName: String?) throws(SystemError) {
    var here = try RouteSocket()
    let index = try here.index(of: name)
    var there = try RouteSocket(in: namespace)
    let inside = there.completed(newName ?? name)
    // The kernel moves first and renames then: what cannot be renamed would go with the namespace.
    if (try? there.index(of: inside)) != nil { throw SystemError("move network device", name, errno: .exists) }
    let addresses = try here.permanentAddresses(of: index, name)

    var link = Self.link(index: index)
    link.append(attribute: Attribute.namespaceDescriptor, Self.bytes(UInt32(bitPattern: namespace)))
    link.append(attribute: Attribute.name, Array(inside.utf8) + [0])
    _ = try here.ask(Message.setLink, link, step: "move network device", subject: name)

    let newIndex = try there.index(of: inside)
    for address in addresses { try there.add(address, to: newIndex, inside) }
    let up = Self.link(index: newIndex, flags: UInt32(IFF_UP))
    _ = try there.ask(Message.setLink, up, step: "bring up network device", subject: inside)
  }

  /// `struct ifinfomsg`; the flags are all that changes of the device's.
  fileprivate static func link(index: Int32, flags: UInt32 = 0) -> [UInt8] {
    var body: [UInt8] = [0, 0, 0, 0]
    body.append(native: index)
    body.append(native: flags)
    body.append(native: flags)
    return body
  }

  private static func bytes(_ number: UInt32) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(native: number)
    return bytes
  }

  /// linux/rtnetlink.h.
  fileprivate enum Message {
    static let setLink: UInt16 = 19
    static let getLink: UInt16 = 18
    static let newAddress: UInt16 = 20
    static let getAddress: UInt16 = 22
    /// With these flags a request of addresses is answered with all of them.
    static let dump: UInt16 = 0x300
    /// The object must be new.
    static let create: UInt16 = 0x600
  }

  /// linux/if_link.h and linux/if_addr.h.
  fileprivate enum Attribute {
    static let name: UInt16 = 3
    static let namespaceDescriptor: UInt16 = 28
    static let addressFlags: UInt16 = 8
    /// `IFA_CACHEINFO`: how long an address is valid; the kernel's own business.
    static let addressLifetime: UInt16 = 6
  }

  /// An address of a device: `struct ifaddrmsg` and its attributes.
  fileprivate struct Address {
    var family: UInt8
    var prefixLength: UInt8
    var attributes: [UInt16: [UInt8]]
  }
}

extension RouteSocket {
  /// As the kernel completes it (dev_alloc_name), but before the move: we have to know the name afterwards.
  fileprivate mutating func completed(_ template: String) -> String {
    guard let place = template.firstIndex(of: "%"), template[place...].hasPrefix("%d") else { return template }
    for number in 0..<32768 {
      let name = "\(template[..<place])\(number)\(template[place...].dropFirst(2))"
      if (try? index(of: name)) == nil { return name }
    }
    return template
  }

  fileprivate mutating func index(of name: String) throws(SystemError) -> Int32 {
    var body = NetworkDevice.link(index: 0)
    body.append(attribute: NetworkDevice.Attribute.name, Array(name.utf8) + [0])
    let step = "find network device"
    let answers = try ask(NetworkDevice.Message.getLink, body, step: step, subject: name)
    guard let index = answers.first?.body.native(Int32.self, at: 4) else {
      throw SystemError(step, name, errno: Errno(ENODEV))
    }
    return index
  }

  /// Those that somebody gave it: the kernel makes the others again by itself.
  fileprivate mutating func permanentAddresses(
    of index: Int32, _ name: String
  ) throws(SystemError) -> [NetworkDevice.Address] {
    // AF_UNSPEC: of all families.
    let all = [UInt8](repeating: 0, count: 8)
    let flags = NetworkDevice.Message.dump
    let answers = try ask(
      NetworkDevice.Message.getAddress, flags: flags, all, step: "list addresses of network device", subject: name)
    var addresses: [NetworkDevice.Address] = []
    for answer in answers where answer.body.count >= 8 && answer.body.native(Int32.self, at: 4) == index {
      let attributes = answer.attributes(after: 8)
      let flags =
        attributes[NetworkDevice.Attribute.addressFlags]?.native(UInt32.self, at: 0) ?? UInt32(answer.body[2])
      let isGlobal = answer.body[3] == 0
      let isPermanent = flags & 0x80 != 0
      guard isGlobal, isPermanent else { continue }
      addresses.append(
        NetworkDevice.Address(family: answer.body[0], prefixLength: answer.body[1], attributes: attributes))
    }
    return addresses
  }

  fileprivate mutating func add(
    _ address: NetworkDevice.Address, to index: Int32, _ name: String
  ) throws(SystemError) {
    var body: [UInt8] = [address.family, address.prefixLength, 0, 0]
    body.append(native: index)
    // Addresses and broadcast; an IPv4 label is made of the old name.
    for type in [UInt16(1), 2, 4] {
      if let value = address.attributes[type] { body.append(attribute: type, value) }
    }
    _ = try ask(
      NetworkDevice.Message.newAddress, flags: NetworkDevice.Message.create, body,
      step: "give address to network device", subject: name)
  }
}
