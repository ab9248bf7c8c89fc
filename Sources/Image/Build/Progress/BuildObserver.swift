public import OCI

/// An instruction that a build carries out.
public struct BuildStep: Sendable, Hashable {
  /// From 1, over all stages that are built; 0 for what is no instruction.
  public var number: Int
  public var total: Int
  /// `builder 2/4`, or `2/4` where there is one stage only.
  public var place: String
  /// As it is written.
  public var text: String

  public init(number: Int, total: Int, place: String, text: String) {
    (self.number, self.total, self.place, self.text) = (number, total, place, text)
  }
}

public enum BuildEvent: Sendable {
  case started(BuildStep)
  /// The command runs in a container of this id.
  case running(BuildStep, container: String)
  case output(BuildStep, [UInt8])
  /// - image: what would be the id of an image that ends here.
  case finished(BuildStep, image: Digest, isCached: Bool)
  case failed(BuildStep, String)
  /// A shell has the terminal from now on, until the build has failed.
  case shell(BuildStep)
  /// What is to be known, such as why a step was not in the cache.
  case note(BuildStep?, String)
  /// Something is being done that is no instruction: a base image is pulled.
  case doing(String)
}

/// Who is told how a build goes, from several threads.
public protocol BuildObserver: Sendable {
  func report(_ event: BuildEvent)
}
