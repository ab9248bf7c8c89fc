internal import Arguments
internal import Container
internal import OCI

/// `mounts`, with crun's syntax.
extension CommandRunner {
  func mounts() throws -> Int32 {
    let words = values.positionals
    let (verb, id, file) = (words[0], words[1], words[2])
    let mounts = try InputDocument(file).load(Mount.loadList)
    if verb == "add" { try runtime().addMounts(mounts, to: id) } else { try runtime().removeMounts(mounts, from: id) }
    return 0
  }
}
