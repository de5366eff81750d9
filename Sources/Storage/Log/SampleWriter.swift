import Codecs
import TimeSeries

/// Writes a record of samples into room that is made for all of them at once.
struct SampleWriter {
    /// The most bytes of a sample: a series' number, a difference of times, a value.
    private static let widest = 5 + 10 + 8

    private var bytes: [UInt8]
    private var position: Int
    private var last: Int64 = 0
    /// Places that are still to be left out, ascending.
    private var skipped: ArraySlice<Int>

    /// - Parameters:
    ///   - count: of the samples that will be written.
    ///   - skipped: the places of those that are left out of what is appended, ascending.
    init(count: Int, without skipped: [Int] = []) {
        self.skipped = skipped[...]
        var bytes: [UInt8] = Array(repeating: 0, count: 1 + 10 + SampleWriter.widest * count)
        bytes[0] = StoreRecord.samples
        var target = bytes.mutableSpan
        let start = SampleWriter.put(UInt64(count), &target, at: 1)
        position = start
        self.bytes = bytes
    }

    mutating func append(_ number: UInt32, _ samples: [Sample], _ range: Range<Int>) {
        var start = range.lowerBound
        while let next = skipped.first, next < range.upperBound {
            write(number, samples, start..<next)
            skipped.removeFirst()
            start = next + 1
        }
        write(number, samples, start..<range.upperBound)
    }

    @inline(__always)
    private mutating func write(_ number: UInt32, _ samples: [Sample], _ range: Range<Int>) {
        var place = position
        var before = last
        var target = bytes.mutableSpan
        for index in range {
            let sample = samples[index]
            let time = sample.timestamp.milliseconds
            place = SampleWriter.put(UInt64(number), &target, at: place)
            place = SampleWriter.put(ZigZag.encode(time &- before), &target, at: place)
            target.setLittleEndian64(sample.value.bitPattern, at: place)
            place += 8
            before = time
        }
        position = place
        last = before
    }

    @inline(__always)
    private static func put(_ value: UInt64, _ target: inout MutableSpan<UInt8>, at start: Int) -> Int {
        var value = value
        var place = start
        while value >= 0x80 {
            target[place] = UInt8(truncatingIfNeeded: value) | 0x80
            value >>= 7
            place += 1
        }
        target[place] = UInt8(truncatingIfNeeded: value)
        return place + 1
    }

    /// The record. The writer has it no more.
    mutating func finish() -> [UInt8] {
        bytes.removeLast(bytes.count - position)
        return take(&bytes)
    }
}
