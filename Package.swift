// swift-tools-version: 6.2
import PackageDescription

// The strict settings live here, once, for every target.
let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
  // A release build is one static file: nothing to look up at start, nothing to install beside it.
  .unsafeFlags(["-static-executable"], .when(configuration: .release)),
]

let cSettings: [CSetting] = [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]

// The stage is copied out of the program and executed on its own (see Sources/Stage/include/Stage.h), so it may
// use no libc, no constant data, no vector registers, and no address that the linker has to fix.
let stageSettings: [CSetting] =
  cSettings + [
    .unsafeFlags([
      "-O2", "-g0", "-ffreestanding", "-fno-builtin", "-fno-stack-protector", "-fno-jump-tables", "-fPIE",
      "-fvisibility=hidden", "-mgeneral-regs-only", "-fno-asynchronous-unwind-tables", "-fno-profile-instr-generate",
      "-fno-coverage-mapping", "-fno-sanitize=all",
    ])
  ]

let package = Package(
  name: "swiftcr",
  products: [
    .executable(name: "swiftcr", targets: ["swiftcr"]), .executable(name: "swiftcr-image", targets: ["swiftcr-image"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    .target(name: "CLinux", cSettings: cSettings),
    .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
    .systemLibrary(name: "CCap", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
    .target(
      name: "CCompression", cSettings: cSettings, linkerSettings: [.linkedLibrary("z"), .linkedLibrary("zstd")]),
    .target(name: "Stage", cSettings: stageSettings),
    .target(name: "OCI", swiftSettings: swiftSettings),
    .target(name: "Dockerfile", dependencies: ["OCI"], swiftSettings: swiftSettings),
    .target(name: "Kernel", dependencies: ["CLinux", "CSeccomp", "CCap", "OCI"], swiftSettings: swiftSettings),
    .target(name: "Store", dependencies: ["CLinux", "Kernel", "OCI"], swiftSettings: swiftSettings),
    .target(name: "Container", dependencies: ["Kernel", "OCI", "Stage", "CLinux"], swiftSettings: swiftSettings),
    .target(
      name: "Layers",
      dependencies: ["Kernel", "OCI", "CLinux", "CCompression", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: swiftSettings),
    .target(
      name: "Registry",
      dependencies: [
        "Kernel", "OCI", "TOMLKit",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "Image",
      dependencies: [
        "Dockerfile", "Store", "Layers", "Registry", "Kernel", "OCI", "CLinux",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: swiftSettings),
    .target(name: "Arguments", dependencies: ["Kernel", "OCI"], swiftSettings: swiftSettings),
    .executableTarget(
      name: "swiftcr",
      dependencies: ["Arguments", "Container", "Kernel", "OCI", "Store"],
      swiftSettings: swiftSettings,
      linkerSettings: [.unsafeFlags(["-static-executable"], .when(configuration: .release))]),
    .executableTarget(
      name: "swiftcr-image",
      dependencies: ["Arguments", "Image", "Dockerfile", "Layers", "Registry", "Store", "Kernel", "OCI"],
      swiftSettings: swiftSettings,
      linkerSettings: [.unsafeFlags(["-static-stdlib"], .when(configuration: .release))]),
    .executableTarget(
      name: "image-floor",
      dependencies: ["Layers", "Kernel", .product(name: "Crypto", package: "swift-crypto")],
      path: "Tests/Benchmarks/Floor",
      swiftSettings: swiftSettings,
      linkerSettings: [.unsafeFlags(["-static-stdlib"], .when(configuration: .release))]),
    .testTarget(name: "OCITests", dependencies: ["OCI"], swiftSettings: swiftSettings),
    .testTarget(name: "DockerfileTests", dependencies: ["Dockerfile", "OCI"], swiftSettings: swiftSettings),
    .testTarget(name: "KernelTests", dependencies: ["Kernel", "OCI"], swiftSettings: swiftSettings),
    .testTarget(
      name: "ContainerTests", dependencies: ["Container", "Store", "Kernel", "OCI"], swiftSettings: swiftSettings),
    .testTarget(
      name: "LayersTests",
      dependencies: ["Layers", "Kernel", "CLinux", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RegistryTests",
      dependencies: [
        "Registry", "Kernel", "OCI", .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "CommandTests", dependencies: ["Arguments", "swiftcr", "OCI", "Kernel"], swiftSettings: swiftSettings),
    .testTarget(name: "IntegrationTests", dependencies: ["CLinux"], swiftSettings: swiftSettings),
  ],
  cLanguageStandard: .c11
)
