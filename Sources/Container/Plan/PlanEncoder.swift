internal import Kernel
internal import OCI
internal import Stage

/// Writes a plan as the stage reads it: a header, steps of a fixed size, and a heap (Stage.h).
struct PlanEncoder {
  private var steps: [stage_step] = []
  private var heap: [UInt8] = []
  private let heapStart: Int
  private let descriptor: (Handle) -> CInt
  /// Where the `HOME=` entry of the environment is, for the step that fills it in.
  private var home: UInt32 = 0

  /// - Parameter descriptor: the number under which the stage inherits what a handle names.
  static func encode(_ steps: [Step], report: CInt, descriptor: @escaping (Handle) -> CInt) -> [UInt8] {
    var encoder = PlanEncoder(count: steps.count, descriptor: descriptor)
    // The environment's place in the heap must be known to the step that changes it, which comes before.
    if case .execute(let arguments, let environment)? = steps.last {
      encoder.vectors = (encoder.vector(arguments), encoder.environment(environment))
    }
    for step in steps { encoder.steps.append(encoder.encode(step)) }
    return encoder.bytes(report: report)
  }

  private var vectors: (arguments: UInt32, environment: UInt32) = (0, 0)

  private init(count: Int, descriptor: @escaping (Handle) -> CInt) {
    heapStart = MemoryLayout<stage_plan>.size + count * MemoryLayout<stage_step>.stride
    self.descriptor = descriptor
    heap.reserveCapacity(8192)
    steps.reserveCapacity(count)
  }

  private func bytes(report: CInt) -> [UInt8] {
    let size = heapStart + heap.count
    var header = stage_plan()
    header.magic = STAGE_MAGIC
    header.size = UInt32(size)
    header.step_count = UInt32(steps.count)
    header.report_fd = report
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      raw.storeBytes(of: header, as: stage_plan.self)
      steps.withUnsafeBytes { raw[MemoryLayout<stage_plan>.size..<heapStart].copyBytes(from: $0) }
      heap.withUnsafeBytes { raw[heapStart..<size].copyBytes(from: $0) }
      count = size
    }
  }

  // MARK: the heap

  /// The offset, from the plan's start, of what is appended next.
  private var offset: UInt32 { UInt32(heapStart + heap.count) }

  mutating func text(_ text: String) -> UInt32 {
    let at = offset
    heap.append(contentsOf: text.utf8)
    heap.append(0)
    return at
  }

  mutating func blob(_ bytes: [UInt8]) -> UInt32 {
    align()
    let at = offset
    heap.append(contentsOf: bytes)
    return at
  }

  mutating func words<Word: FixedWidthInteger>(_ words: [Word]) -> UInt32 {
    blob(words.flatMap { word in withUnsafeBytes(of: word) { Array($0) } })
  }

  /// An argv: addresses, because the plan's own is known.
  mutating func vector(_ texts: [String]) -> UInt32 {
    addresses(texts.map { text($0) })
  }

  private mutating func addresses(_ offsets: [UInt32]) -> UInt32 {
    align()
    let at = offset
    for offset in offsets {
      let address = UInt64(STAGE_PLAN_ADDRESS) + UInt64(offset)
      for shift in stride(from: UInt64(0), to: 64, by: 8) { heap.append(UInt8(truncatingIfNeeded: address >> shift)) }
    }
    heap.append(contentsOf: repeatElement(0, count: 8))
    return at
  }

  private mutating func environment(_ entries: [String]) -> UInt32 {
    var offsets = entries.map { text($0) }
    if !entries.contains(where: { $0.hasPrefix("HOME=") }) {
      home = text("HOME=/")
      heap.append(contentsOf: repeatElement(0, count: Int(STAGE_HOME_SIZE)))
      offsets.append(home)
    }
    return addresses(offsets)
  }

  private mutating func align() {
    while (heapStart + heap.count) % 8 != 0 { heap.append(0) }
  }

  // MARK: steps

  private mutating func encode(_ step: Step) -> stage_step {
    switch step {
    case .execute: return make(STAGE_EXEC, text: [vectors.arguments, vectors.environment])
    case .home(let uid): return make(STAGE_HOME, text: [home, text("/etc/passwd")], number: [UInt64(uid)])
    default: return encodeRoot(step) ?? encodeProcess(step) ?? make(STAGE_EXEC)
    }
  }

  func make(
    _ op: stage_op, flags: Int32 = 0, handle: Handle? = nil, text: [UInt32] = [], number: [UInt64] = []
  ) -> stage_step {
    var step = stage_step()
    step.op = UInt16(op.rawValue)
    step.flags = UInt16(flags)
    step.fd = handle.map(descriptor) ?? STAGE_NO_FD
    step.text = (at(text, 0), at(text, 1), at(text, 2), at(text, 3))
    step.number = (at(number, 0), at(number, 1), at(number, 2))
    return step
  }

  private func at<Number: FixedWidthInteger>(_ list: [Number], _ index: Int) -> Number {
    index < list.count ? list[index] : 0
  }
}
