import Foundation
import Glibc

/// What stays resident for the process though nothing uses it: heaps of the C library, and code that ran once.
package enum ProcessMemory {
    /// One heap for all threads. With one for each, samples end up in all of them, and each keeps the room that the largest
    /// request once took. To be called before threads are made; those that exist keep their heap.
    static func useOneHeap() { set(option: -8, to: 1) }

    /// Keeps what is freed for what is asked for next, up to half a gigabyte: for a command that computes and ends. Models
    /// are fitted in arrays of some hundred kilobytes, which else come from the kernel, page by page, for each of them.
    package static func keepFreed() {
        let trimThreshold: Int32 = -1
        let mapThreshold: Int32 = -3
        set(option: trimThreshold, to: 512 << 20)
        set(option: mapThreshold, to: 32 << 20)
    }

    private static func set(option: Int32, to value: Int32) {
        typealias Option = @convention(c) (Int32, Int32) -> Int32
        if let symbol = unsafe symbol("mallopt") {
            _ = unsafe unsafeBitCast(symbol, to: Option.self)(option, value)
        }
    }

    /// Gives back what the heap does not use, whole pages between what it does use as well: chunks of samples come and go in
    /// all sizes, and after a while a third of a heap is room that none of the next fits into.
    static func giveBackHeap() {
        typealias Trim = @convention(c) (Int) -> Int32
        if let symbol = unsafe symbol("malloc_trim") { _ = unsafe unsafeBitCast(symbol, to: Trim.self)(0) }
    }

    /// Gives back the pages of code and of constants: those that are used again are found in the kernel's cache. Most of what
    /// start-up runs, such as reading arguments and configuration, nobody runs a second time.
    static func giveBackCode() {
        for range in cleanRanges() {
            guard let start = unsafe UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
            // Mapped from files, read-only and never written: nothing is lost. Where that fails, it stays.
            _ = unsafe madvise(start, range.count, MADV_DONTNEED)
        }
    }

    /// A function of malloc.h, which the C library's module does not show; nil in a C library without it.
    private static func symbol(_ name: String) -> UnsafeMutableRawPointer? { unsafe dlsym(nil, name) }

    /// What is mapped from files, cannot be written, and has no page of its own: of `/proc/self/smaps`, the ranges `r-xp` and
    /// `r--p` with a path and `Anonymous: 0`. Constants that the loader has put addresses into have such pages and stay.
    static func cleanRanges(in smaps: [String] = lines(of: "/proc/self/smaps")) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var candidate: Range<Int>?
        for line in smaps {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard let first = fields.first else { continue }
            if first == "Anonymous:" {
                if fields.count > 1, fields[1] == "0", let candidate { ranges.append(candidate) }
                candidate = nil
            } else if !first.hasSuffix(":") {
                candidate = fileRange(fields)
            }
        }
        return ranges
    }

    /// The range of a mapping's first line; nil where it is none of a file, or can be written.
    private static func fileRange(_ fields: [Substring]) -> Range<Int>? {
        guard fields.count == 6, fields[1] == "r-xp" || fields[1] == "r--p",
            fields[5].drop(while: { $0 == " " }).first == "/"
        else { return nil }
        let ends = fields[0].split(separator: "-").compactMap { Int($0, radix: 16) }
        return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
    }

    /// Read piece by piece: what /proc hands over at once is a page at most.
    private static func lines(of path: String) -> [String] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        while let piece = try? file.read(upToCount: 4096), !piece.isEmpty { bytes += piece }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
