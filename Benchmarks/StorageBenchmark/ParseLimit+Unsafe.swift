import Glibc

/// The least that reading a known scrape can cost on this machine: loops without checks, on pointers.
///
/// Safety: the bodies are complete lines whose text is that of `text`, which is compared before a value is read; the
/// last one ends in a line break, so that no value runs beyond it.
struct ParseLimit {
    private let bodies: [[UInt8]]
    /// What stands before each value, comments included, and behind the last one.
    private let text: [UInt8]
    private let ends: [Int]

    /// - Parameter bodies: which differ in their values only.
    init(_ bodies: [[UInt8]]) {
        self.bodies = bodies
        var text: [UInt8] = []
        var ends: [Int] = []
        for line in (bodies.first ?? []).split(separator: UInt8(ascii: "\n")) {
            let isComment = line.first == UInt8(ascii: "#")
            let value = isComment ? nil : line.lastIndex(of: UInt8(ascii: " "))
            text += line[..<(value.map { $0 + 1 } ?? line.endIndex)]
            if value != nil { ends.append(text.count) }
            text.append(UInt8(ascii: "\n"))
        }
        (self.text, self.ends) = (text, ends)
    }

    /// Nanoseconds a sample to copy a body and to compare the copy with it.
    func copyAndCompare() -> Double {
        var copy = [UInt8](repeating: 0, count: bodies.reduce(0) { max($0, $1.count) })
        return least { body in
            unsafe copy.withUnsafeMutableBytes { copy in
                unsafe body.withUnsafeBytes { body in
                    unsafe copy.copyMemory(from: body)
                    precondition(unsafe memcmp(copy.baseAddress!, body.baseAddress!, body.count) == 0)
                }
            }
        }
    }

    /// Nanoseconds a sample to compare what stands between the values and to read these.
    func compareAndRead() -> Double {
        var values = [Double](repeating: 0, count: ends.count)
        return least { read($0, into: &values) }
    }

    private func least(_ work: ([UInt8]) -> Void) -> Double {
        var least = Double.infinity
        for _ in 0..<5 {
            let answers = RepeatedAnswers(bodies)
            let start = processorTime()
            for _ in bodies { work(answers.next()) }
            least = min(least, processorTime() - start - answers.copying)
        }
        return least / Double(bodies.count * ends.count)
    }

    private func read(_ body: [UInt8], into values: inout [Double]) {
        unsafe body.withUnsafeBufferPointer { body in
            unsafe text.withUnsafeBufferPointer { text in
                unsafe values.withUnsafeMutableBufferPointer { values in
                    unsafe ends.withUnsafeBufferPointer { ends in
                        var position = body.baseAddress!
                        let known = text.baseAddress!
                        var start = 0
                        for line in 0..<ends.count {
                            let end = unsafe ends[line]
                            let isSame = unsafe memcmp(known + start, position, end - start) == 0
                            precondition(isSame, "a line has changed")
                            unsafe position += end - start
                            unsafe values[line] = ParseLimit.number(&position)
                            start = end
                        }
                    }
                }
            }
        }
    }

    /// Clinger's path alone: correct for what counters and gauges usually are.
    @inline(__always)
    private static func number(_ position: inout UnsafePointer<UInt8>) -> Double {
        let isNegative = unsafe position.pointee == UInt8(ascii: "-")
        if isNegative { unsafe position += 1 }
        var mantissa: UInt64 = 0
        var places = 0
        unsafe digits(&position, &mantissa)
        if unsafe position.pointee == UInt8(ascii: ".") {
            unsafe position += 1
            let start = unsafe position
            unsafe digits(&position, &mantissa)
            places = unsafe start - position
        }
        if unsafe position.pointee == UInt8(ascii: "e") {
            unsafe position += 1
            let isBelow = unsafe position.pointee == UInt8(ascii: "-")
            unsafe position += 1
            var power: UInt64 = 0
            unsafe digits(&position, &power)
            places += isBelow ? -Int(power) : Int(power)
        }
        // A text is passed over: "NaN", "+Inf".
        while unsafe position.pointee != UInt8(ascii: "\n") { unsafe position += 1 }
        let exact = Double(mantissa)
        let size = tens[min(tens.count - 1, Int(places.magnitude))]
        let value = places < 0 ? exact / size : exact * size
        return isNegative ? -value : value
    }

    @inline(__always)
    private static func digits(_ position: inout UnsafePointer<UInt8>, _ number: inout UInt64) {
        while true {
            let digit = unsafe position.pointee &- UInt8(ascii: "0")
            guard digit < 10 else { return }
            number = number &* 10 &+ UInt64(digit)
            unsafe position += 1
        }
    }

    private static let tens: [Double] = (0...22).map { (0..<$0).reduce(1.0) { size, _ in size * 10 } }
}
