internal import CLinux
internal import Glibc
public import Kernel

/// A layer as a directory, as overlayfs takes it: its own files, whiteouts as devices 0:0, opaque directories by their
/// extended attributes.
///
/// The directory shows this layer alone. What only a stack can know is left to whoever makes one: `DirectorySummary`.
///
/// - Later entries of a name win over earlier ones. Only a directory over a directory keeps what is in it.
/// - Whiteouts speak of the layers below, never of this one, so they are made in the end, when it is known what this layer
///   has itself: a whiteout of a directory that is here, too, makes it opaque.
/// - A caller without root's rights keeps all files as its own: owners are ignored, and so are devices and extended
///   attributes that only root may set.
///
/// It must be fed on a thread without a umask (`LayerThread`).
public struct DirectorySink: LayerSink, ~Copyable {
  /// Bytes of names that wait for the end: whiteouts and the like.
  static let namesLimit = 32 << 20

  let root: Descriptor
  let caller: Caller
  let syncs: Bool
  let purpose: Purpose
  var cursor: DirectoryCursor
  var summary = DirectorySummary()
  var ending = DirectoryEnding()
  var lowerLinks = LowerLinks<[UInt8]>()
  /// Implied directories may be gone again.
  var hasRemovedTrees = false
  /// What the tree is.
  public enum Purpose: Sendable, Equatable {
    case layer
    /// A tree in use, into which files are put: no name is a whiteout, directories and other files do not take each
    /// other's place, and the root's own entry is ignored.
    case files
  }

  private var open: (number: CInt, entry: TarEntry)?

  /// - Parameters:
  ///   - root: an empty directory that nobody else uses, open for reading.
  ///   - syncs: whether all is on disk in the end (syncfs(2)).
  public init(
    root: consuming Descriptor, syncs: Bool = false, purpose: Purpose = .layer, caller: Caller = .current
  ) throws(LayerError) {
    self.caller = caller
    self.syncs = syncs
    self.purpose = purpose
    cursor = try DirectoryCursor(
      root: root.number, isRoot: caller.uid == 0, isLayer: purpose == .layer, impliedLimit: Self.namesLimit)
    self.root = root
  }

  deinit {
    if let open { close(open.number) }
  }

  /// After `finish`.
  public var result: DirectorySummary { summary }

  public mutating func begin(_ entry: TarEntry) throws(LayerError) {
    let path = try LayerPath.clean(entry.path)
    if path.isEmpty { return purpose == .layer ? try takeRoot(entry) : () }
    switch purpose == .layer ? try Whiteout(path) : .none {
    case .ignored: return
    case .some(let whiteout): return try ending.add(whiteout)
    case .none: break
    }
    let (parent, last) = LayerPath.split(path)
    guard last.count <= 255 else { throw failure("make", path, Errno(ENAMETOOLONG)) }
    guard let directory = try cursor.enter(parent) else { throw failure("make", path, .notDirectory) }
    let name = LayerPath.cString(last)
    if !lowerLinks.isEmpty { lowerLinks.forget(cursor.path(of: name)) }
    switch entry.kind {
    case .directory: return try makeDirectory(entry, name, in: directory)
    case .hardLink: try makeHardLink(entry, path, name, in: directory)
    case .file where entry.size > 0 || !entry.attributes.isEmpty:
      let number = try makeFile(entry, name, in: directory)
      open = (number, entry)
      return
    default:
      guard try makeNode(entry, name, in: directory) else { return }
      try setAttributes(of: entry, name, in: directory)
    }
  }

  public mutating func data(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(LayerError) {
    guard let open else { return }
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let count = retrying { pwrite(open.number, rest.baseAddress, rest.count, off_t(offset) + off_t(written)) }
      guard count > 0 else { throw failure("write", open.entry.path) }
      written += count
    }
  }

  public mutating func end() throws(LayerError) {
    guard let (number, entry) = open else { return }
    open = nil
    defer { close(number) }
    if let extents = entry.extents, extents.last.map({ $0.offset + $0.length != entry.size || $0.length == 0 }) ?? true,
      ftruncate(number, off_t(entry.size)) != 0
    {
      throw failure("set the size of", entry.path)
    }
    try setAttributes(of: entry, number)
  }

  public mutating func finish() throws(LayerError) {
    try complete()
    if syncs, clinux_syncfs(root.number) != 0 { throw LayerError("unpack layer: sync: \(Errno.last)", errno: .last) }
  }

  func failure(_ step: String, _ path: [UInt8], _ number: Errno = .last) -> LayerError {
    LayerError("unpack layer: \(step) \(LayerPath.text(path)): \(number)", errno: number)
  }
}

/// What a layer's directory alone cannot express.
public struct DirectorySummary: Sendable, Equatable {
  /// Directories that the archive has no entry for, though for something in them. They are 0755 and root's here; in a
  /// stack they have to look like the layer's below.
  public var impliedDirectories: [[UInt8]] = []
  /// The archive has no entry for the layer's root.
  public var impliesRoot = true
  /// Hard links to files that only a layer below can have: they are not here.
  public var lowerLinks: [LowerLink] = []
  /// The layer hides all below it. Overlayfs does not look for that at the root of a layer.
  public var isOpaque = false
  /// Extended attributes that the file system or the caller's rights do not allow.
  public var droppedAttributes = 0
  /// Devices that the caller may not make.
  public var skippedDevices = 0

  public init() {}

  /// For archives that are no layers: there is nothing below them.
  ///
  /// - Throws: when a hard link leads to what is not in the archive.
  public func checkLinks() throws(LayerError) {
    guard let link = lowerLinks.first else { return }
    throw LayerError("\(LayerPath.text(link.path)): a hard link to nothing", errno: .noEntry)
  }
}
