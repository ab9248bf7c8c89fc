internal import CLinux

/// The C library's heap.
public enum Heap {
  /// Large blocks are the kernel's again as soon as they are freed. By default glibc keeps them after the first: then each
  /// layer that was unpacked leaves its buffers behind, a zstd window say, in a heap of the thread that had it.
  public static func returnsLargeBlocks() {
    clinux_return_blocks(256 << 10)
  }
}
