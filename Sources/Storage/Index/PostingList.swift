import Codecs

/// Ascending numbers of members. The first one needs no memory of its own: most values of some labels have only one. Of
/// the others the steps are kept, in a byte or two: series that come together follow each other, or come again and again
/// at a distance of one sender's series.
struct PostingList: Sendable {
    private var length: UInt32 = 0
    private var first: UInt32 = 0
    private var last: UInt32 = 0
    /// Numbers up to `last` that follow each other and are not among the steps yet.
    private var run: UInt32 = 0
    /// Varints: an even one, so many numbers that follow each other, twice; an odd one, one number, which is half of it
    /// and two above the one before.
    private var steps: [UInt8] = []

    var count: Int { Int(length) }
    var isEmpty: Bool { length == 0 }
    /// Bytes beside the list itself.
    var byteCount: Int { steps.count }

    /// Adds a number above all before it.
    mutating func append(_ number: UInt32) {
        if length == 0 {
            first = number
        } else if number == last &+ 1 {
            run += 1
        } else {
            // An array would double; a quarter more is enough where there are millions.
            if steps.count + 10 > steps.capacity {
                steps.reserveCapacity(steps.count + max(10, steps.count / 4))
            }
            if run > 0 { steps.append(varint: UInt64(run) << 1) }
            run = 0
            steps.append(varint: UInt64(number - last - 2) << 1 | 1)
        }
        last = number
        length += 1
    }

    mutating func remove(_ numbers: Set<UInt32>) {
        let elements = elements
        let kept = elements.filter { !numbers.contains($0) }
        guard kept.count != elements.count else { return }
        self = PostingList()
        for number in kept { append(number) }
    }

    /// The numbers, those that follow each other together.
    @inline(__always)
    func forEachRange(_ body: (Range<UInt32>) -> Void) {
        guard length > 0 else { return }
        var start = first
        var end = first + 1
        let steps = steps.span
        var position = 0
        while position < steps.count {
            var step = UInt64(steps[position] & 0x7f)
            var shift: UInt64 = 7
            while steps[position] >= 0x80 {
                position += 1
                step |= UInt64(steps[position] & 0x7f) << shift
                shift += 7
            }
            position += 1
            let number = UInt32(truncatingIfNeeded: step >> 1)
            if step & 1 == 0 {
                end += number
            } else {
                body(start..<end)
                start = end + number + 1
                end = start + 1
            }
        }
        body(start..<end + run)
    }

    var elements: [UInt32] {
        var elements: [UInt32] = []
        elements.reserveCapacity(count)
        forEachRange { for number in $0 { elements.append(number) } }
        return elements
    }

    /// Those of some ascending numbers that are in the list.
    func intersection(_ numbers: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        var index = 0
        forEachRange { range in
            while index < numbers.count, numbers[index] < range.lowerBound { index += 1 }
            while index < numbers.count, numbers[index] < range.upperBound {
                result.append(numbers[index])
                index += 1
            }
        }
        return result
    }
}
