internal import Dockerfile

/// ADD.
extension StageBuilder {
  func add(_ step: AddStep) throws -> Bool {
    try copy(step.copy, as: .add)
  }
}
