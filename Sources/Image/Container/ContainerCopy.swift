internal import Glibc
public import Kernel
internal import Layers
internal import Store

/// `cp`: files between a container and the host, by docker's rules.
public struct ContainerCopy {
  public struct Options: Sendable {
    /// Files keep their owners; else they become root's in a container, and the caller's on the host.
    public var keepsOwners = false
    /// A link that is to be copied is followed.
    public var followsLink = false

    public init() {}
  }

  let library: ImageLibrary
  let options: Options

  public init(_ library: ImageLibrary, _ options: Options) {
    self.library = library
    self.options = options
  }

  /// - Parameter destination: on the host.
  /// - Returns: the bytes of the archive that it went as.
  public func fromContainer(_ id: String, _ path: String, to destination: String) throws(ImageError) -> UInt64 {
    let container = try ContainerRoot(id, library)
    let caller = Caller.current
    return try copy(
      CopyPlace(path, in: container.root.number), to: CopyPlace(destination, in: nil),
      owner: options.keepsOwners ? .same : .ids(caller.uid, caller.gid))
  }

  /// Writes an archive to an open file or pipe.
  public func fromContainer(_ id: String, _ path: String, toArchive descriptor: CInt) throws(ImageError) {
    let container = try ContainerRoot(id, library)
    let place = CopyPlace(path, in: container.root.number)
    let source = try place.source(followsLink: options.followsLink)
    let name = place.saysContents || place.name.isEmpty ? "." : place.name
    try rethrowing { () throws(LayerError) in
      try FileCopy.archive(source, as: Array(name.utf8), to: FileSink(descriptor))
    }
  }

  /// - Parameter source: on the host.
  public func toContainer(_ source: String, _ id: String, _ path: String) throws(ImageError) -> UInt64 {
    let container = try ContainerRoot(id, library)
    return try copy(
      CopyPlace(source, in: nil), to: CopyPlace(path, in: container.root.number),
      owner: options.keepsOwners ? .same : .ids(0, 0))
  }

  /// Unpacks an archive from standard input into a directory. Its files' owners are what it says.
  public func toContainer(
    archive descriptor: consuming Descriptor, _ id: String, _ path: String
  ) throws(ImageError) -> UInt64 {
    let container = try ContainerRoot(id, library)
    let place = CopyPlace(path, in: container.root.number)
    guard try place.find()?.isDirectory == true else {
      throw ImageError("cp: \(place.path): the destination of an archive must be a directory that is there")
    }
    let target = try target(place, owner: .same)
    do throws(LayerError) {
      return try FileCopy.unpack(FileSource(descriptor, name: "standard input"), into: target)
    } catch {
      throw ImageError(error)
    }
  }

  private func copy(_ from: CopyPlace, to: CopyPlace, owner: FileCopy.Owner) throws(ImageError) -> UInt64 {
    let source = try from.source(followsLink: options.followsLink)
    let (directory, name) = try place(of: from, isDirectory: source.isDirectory, at: to)
    let target = try target(directory, owner: owner)
    return try rethrowing { () throws(LayerError) in
      try FileCopy.copy(source, as: name.map { Array($0.utf8) }, into: target)
    }
  }

  /// Which directory it goes to, under which name; `nil` is for what is in a directory only.
  private func place(
    of source: CopyPlace, isDirectory: Bool, at destination: CopyPlace
  ) throws(ImageError) -> (directory: CopyPlace, name: String?) {
    guard let there = try destination.find() else {
      let parent = destination.parent
      guard try parent.find()?.isDirectory == true else {
        throw ImageError("cp: \(destination.path): no such directory: \(parent.path)", errno: .noEntry)
      }
      guard isDirectory || !destination.saysDirectory else {
        throw ImageError("cp: \(destination.path): the destination directory must be there", errno: .noEntry)
      }
      return (parent, destination.name)
    }
    if there.isDirectory {
      return (destination, source.saysContents || source.name.isEmpty ? nil : source.name)
    }
    if isDirectory { throw ImageError("cp: \(destination.path): a directory cannot be copied to a file") }
    if destination.saysDirectory {
      throw ImageError("cp: \(destination.path) is not a directory", errno: .notDirectory)
    }
    return (destination.parent, destination.name)
  }

  /// On the host, the directory is the root of what is written; in a container, the container's.
  private func target(_ place: CopyPlace, owner: FileCopy.Owner) throws(ImageError) -> FileCopy.Target {
    if let root = place.root {
      let own = try rethrowing { () throws(SystemError) in try Descriptor.open(".", O_RDONLY | O_DIRECTORY, at: root) }
      return FileCopy.Target(Array(place.path.utf8.drop { $0 == UInt8(ascii: "/") }), in: own, owner: owner)
    }
    let directory = try rethrowing { () throws(SystemError) in
      try Descriptor.open(place.path.isEmpty ? "." : place.path, O_RDONLY | O_DIRECTORY)
    }
    return FileCopy.Target([], in: directory, owner: owner)
  }
}
