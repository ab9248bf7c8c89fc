internal import OCI

extension RunDevice {
  /// - Parameter text: `NAME[,required]`, or `name=NAME,required=true`.
  init(parsing text: String) throws(DockerfileError) {
    var name: String?
    var isRequired = false
    for field in try CommaList.fields(text) {
      let (key, value) = field.cut(at: "=").map { ($0.before.lowercased(), Optional($0.after)) } ?? (field, nil)
      switch (key, value) {
      case ("required", _):
        guard let truth = Bool(goText: value ?? "true") else {
          throw DockerfileError(
            "--device: required: expected true or false, found \(field.quotedForMessage())", line: 0)
        }
        isRequired = truth
      case ("name", let value?) where name == nil: name = value
      // A device may have an = in its own name.
      case _ where name == nil: name = field
      default: throw DockerfileError("--device: expected NAME[,required], found \(field.quotedForMessage())", line: 0)
      }
    }
    guard let name, !name.isEmpty else { throw DockerfileError("--device: expected a device's name", line: 0) }
    self.init(name: name, isRequired: isRequired)
  }
}
