import Testing

@testable import Dockerfile

@Suite struct InstructionTests {
  private static func copy(_ sources: [String], _ destination: String, _ change: (inout CopyStep) -> Void) -> CopyStep {
    var step = CopyStep(sources: sources, destination: destination)
    change(&step)
    return step
  }

  private static func add(_ change: (inout AddStep) -> Void) -> AddStep {
    var step = AddStep(CopyStep(sources: ["a"], destination: "b"))
    change(&step)
    return step
  }

  private static func run(_ command: CommandLine, _ change: (inout RunStep) -> Void = { _ in }) -> RunStep {
    var step = RunStep(command)
    change(&step)
    return step
  }

  private static func health(_ change: (inout HealthcheckStep) -> Void) -> HealthcheckStep {
    var step = HealthcheckStep(.shell("a"))
    change(&step)
    return step
  }

  private static func legacy(_ key: String, _ value: String) -> KeyValue {
    var pair = KeyValue(key, value)
    pair.isLegacy = true
    return pair
  }

  @Test(
    arguments: [
      ("RUN a", .run(run(.shell("a")))),
      ("RUN [\"a\", \"b c\"]", .run(run(.arguments(["a", "b c"])))),
      (
        "RUN --network=host --security=insecure a",
        .run(run(.shell("a")) { ($0.network, $0.security) = ("host", "insecure") })
      ),
      (
        "RUN --device=v.com/c=n,required --device=name=x a",
        .run(
          run(.shell("a")) {
            $0.devices = [RunDevice(name: "v.com/c=n", isRequired: true), RunDevice(name: "x", isRequired: false)]
          })
      ),
      ("COPY a b c/", .copy(copy(["a", "b"], "c/") { _ in })),
      ("COPY [\"a b\", \"c\"]", .copy(copy(["a b"], "c") { _ in })),
      ("COPY --from=x a b", .copy(copy(["a"], "b") { $0.from = "x" })),
      ("COPY --chown=1:$g a b", .copy(copy(["a"], "b") { $0.owner = "1:$g" })),
      ("COPY --chmod=u+x a b", .copy(copy(["a"], "b") { $0.mode = "u+x" })),
      ("COPY --link a b", .copy(copy(["a"], "b") { $0.isLinked = true })),
      ("COPY --link=false a b", .copy(copy(["a"], "b") { _ in })),
      ("COPY --parents a b", .copy(copy(["a"], "b") { $0.keepsParents = true })),
      ("COPY --exclude=*.c --exclude=!d.c a b", .copy(copy(["a"], "b") { $0.excluded = ["*.c", "!d.c"] })),
      ("ADD a b", .add(add { _ in })),
      (
        "ADD --chown=u --chmod=7 --link --exclude=c a b",
        .add(
          add {
            ($0.copy.owner, $0.copy.mode, $0.copy.isLinked, $0.copy.excluded) = ("u", "7", true, ["c"])
          })
      ),
      ("ADD --keep-git-dir a b", .add(add { $0.keepsGitDirectory = true })),
      ("ADD --checksum=sha256:0 a b", .add(add { $0.checksum = "sha256:0" })),
      ("ADD --unpack a b", .add(add { $0.unpacks = true })),
      ("ADD --unpack=false a b", .add(add { $0.unpacks = false })),
      ("ENV a=b c='d e'", .environment([KeyValue("a", "b"), KeyValue("c", "'d e'")])),
      ("ENV a b c", .environment([legacy("a", "b c")])),
      ("LABEL a.b=\"c\"", .label([KeyValue("a.b", "\"c\"")])),
      ("LABEL a b", .label([legacy("a", "b")])),
      (
        "ARG a b=c d=",
        .argument([
          ArgumentDeclaration("a", nil), ArgumentDeclaration("b", "c"), ArgumentDeclaration("d", ""),
        ])
      ),
      ("EXPOSE 80/tcp 53/udp", .expose(["53/udp", "80/tcp"])),
      ("USER a:b", .user("a:b")),
      ("WORKDIR a b", .workingDirectory("a b")),
      ("VOLUME a b", .volume(["a", "b"])),
      ("VOLUME [\"a b\"]", .volume(["a b"])),
      ("STOPSIGNAL 9", .stopSignal("9")),
      ("SHELL [\"a\", \"-c\"]", .shell(["a", "-c"])),
      ("CMD a", .command(.shell("a"))),
      ("CMD []", .command(.arguments([]))),
      ("ENTRYPOINT [\"a\"]", .entrypoint(.arguments(["a"]))),
      ("HEALTHCHECK NONE", .healthcheck(HealthcheckStep(nil))),
      ("HEALTHCHECK CMD a", .healthcheck(health { _ in })),
      ("HEALTHCHECK CMD [\"a\"]", .healthcheck(health { $0.command = .arguments(["a"]) })),
      (
        "HEALTHCHECK --interval=1m30s --timeout=1ms CMD a",
        .healthcheck(
          health {
            ($0.interval, $0.timeout) = (90_000_000_000, 1_000_000)
          })
      ),
      (
        "HEALTHCHECK --start-period=1h --start-interval=2s --retries=3 CMD a",
        .healthcheck(
          health {
            ($0.startPeriod, $0.startInterval, $0.retries) = (3_600_000_000_000, 2_000_000_000, 3)
          })
      ),
      ("HEALTHCHECK --interval=0 --timeout=0s --retries=0 CMD a", .healthcheck(health { _ in })),
      ("ONBUILD COPY a b", .onBuild("COPY a b")),
      ("MAINTAINER a <b>", .maintainer("a <b>")),
    ] as [(String, Instruction.Operation)])
  func instructions(text: String, operation: Instruction.Operation) throws {
    let file = try Dockerfile.parse(Array("FROM scratch\n\(text)\n".utf8))
    let instruction = try #require(file.stages.first?.instructions.first)
    #expect(instruction.operation == operation)
    #expect(instruction.text == text)
    #expect(instruction.place == SourceRange(2, 2))
    #expect(try Dockerfile.instruction(onBuild: text).operation == operation)
  }

  @Test func stages() throws {
    let file = try Dockerfile.parse(
      Array(
        """
        ARG v=1
        FROM --platform=$p a:$v AS Build.x-1
        RUN a
        from build.x-1
        # c
        FROM scratch As b
        """.utf8))
    #expect(file.globalArguments.map(\.operation) == [.argument([ArgumentDeclaration("v", "1")])])
    #expect(file.stages.map(\.base) == ["a:$v", "build.x-1", "scratch"])
    #expect(file.stages.map(\.platform) == ["$p", nil, nil])
    #expect(file.stages.map(\.name) == ["build.x-1", nil, "b"])
    #expect(file.stages.map(\.instructions.count) == [1, 0, 0])
    #expect(file.stages.map(\.place.first) == [2, 4, 6])
    #expect(file.stages.map(\.comments) == [[], [], ["c"]])
  }

  @Test func continuedLinesAreJoinedInTheText() throws {
    let file = try Dockerfile.parse(Array("FROM a\nRUN --network=none a \\\n  && b\n".utf8))
    #expect(file.stages[0].instructions[0].text == "RUN --network=none a   && b")
  }
}
