/// Who is told how a transfer goes on, for progress bars. Called from several threads.
public protocol TransferObserver: Sendable {
  /// - Parameter item: the short digest of a layer or configuration.
  func report(_ item: String, _ state: TransferState)
}

/// Where a layer is on its way.
public enum TransferState: Sendable, Equatable {
  case waiting
  /// It is here, or there, already.
  case exists
  /// Bytes of how many.
  case downloading(Int64, of: Int64)
  case unpacking
  case uploading(Int64, of: Int64)
  /// A registry had it in another repository.
  case mounted(from: String)
  case done
}
