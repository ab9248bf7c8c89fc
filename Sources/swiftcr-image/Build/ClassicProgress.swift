internal import Arguments
internal import Glibc
internal import Image
internal import OCI

/// docker's classic builder: each step with the id of the image that ends there.
final class ClassicProgress: BuildProgress {
  func report(_ event: BuildEvent) {
    switch event {
    case .started(let step): Output.print("Step \(step.number)/\(step.total) : \(step.text)\n")
    case .running(_, let container): Output.print(" ---> Running in \(container.suffix(12))\n")
    case .output(_, let bytes): BuildText.write(bytes, to: STDOUT_FILENO)
    case .finished(let step, let image, let isCached):
      let note = isCached && !step.text.uppercased().hasPrefix("FROM") ? " ---> Using cache\n" : ""
      Output.print(note + " ---> \(image.short)\n")
    case .failed: break
    case .shell: Output.print("A shell in the files before this step:\n")
    case .note(_, let text): Output.print(text + "\n")
    case .doing(let text): Output.print(text + "\n")
    }
  }

  func finish(_ outcome: Build.Outcome) {
    Output.print("Successfully built \(outcome.id.short)\n")
    for tag in outcome.tags { Output.print("Successfully tagged \(tag.familiar)\n") }
  }

  func stop() {}
}
