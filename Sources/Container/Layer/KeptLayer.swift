internal import Kernel

/// The layer of a container that is kept, when the container goes.
public enum KeptLayer {
  /// Removes a layer's directory, whoever its files belong to; nothing there is no error.
  ///
  /// - Parameter container: the open directory that it is in.
  public static func remove(_ name: String, at container: Int32) throws(ContainerError) {
    do throws(ContainerError) {
      try ContainerLayer.removeTree(name, at: container)
    } catch {
      if error.errno != .noEntry { throw error }
    }
  }
}
