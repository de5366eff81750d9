import Codecs
import TimeSeries

/// The labels of one series, copied from the wire into the form of `Labels` in one pass. Takes what senders send: ASCII, in
/// order, each name once, short, nothing empty. Anything else it declines, and `LabelCollector` has to look closer.
struct CanonicalLabels {
    /// Room for the most labels that are taken, and for copying whole words.
    private var buffer = [UInt8](repeating: 0, count: CanonicalLabels.mostLabels * 256 + 16)
    private(set) var count = 0
    private var labelCount = 0
    private var lastName = 0..<0
    private var hasMetricName = false
    private var isDeclined = false
    private var bits: UInt64 = 0

    private static let mostLabels = 64

    mutating func removeAll() {
        count = 0
        labelCount = 0
        lastName = 0..<0
        hasMetricName = false
        isDeclined = false
        bits = 0
    }

    /// Takes a `Label` message: name 1, value 2.
    mutating func add(_ message: Range<Int>, _ bytes: Span<UInt8>) {
        let start = message.lowerBound
        // Six bytes at least: two tags, two lengths, a name and a value. Words behind the end are read and not used.
        guard !isDeclined, message.count >= 6, message.upperBound + 8 <= bytes.count,
            labelCount < CanonicalLabels.mostLabels, bytes[start] == 0x0a
        else { return isDeclined = true }
        let nameLength = Int(bytes[start + 1])
        let name = start + 2..<start + 2 + nameLength
        guard nameLength > 0, nameLength < 0x80, name.upperBound + 2 < message.upperBound,
            bytes[name.upperBound] == 0x12
        else { return isDeclined = true }
        let valueLength = Int(bytes[name.upperBound + 1])
        let value = name.upperBound + 2..<name.upperBound + 2 + valueLength
        guard valueLength > 0, valueLength < 0x80, value.upperBound == message.upperBound,
            labelCount == 0 || CanonicalLabels.ascends(lastName, name, bytes)
        else { return isDeclined = true }
        if nameLength == 8, bytes.littleEndian64(at: name.lowerBound) == 0x5f5f_656d_616e_5f5f {
            hasMetricName = true
        }
        copy(bytes, start + 1..<name.upperBound)
        copy(bytes, name.upperBound + 1..<value.upperBound)
        labelCount += 1
        lastName = name
    }

    private mutating func copy(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var target = count
        count += range.count
        var seen = bits
        var out = buffer.mutableSpan
        var source = range.lowerBound
        while source + 8 <= range.upperBound {
            let word = bytes.littleEndian64(at: source)
            seen |= word
            out.setLittleEndian64(word, at: target)
            source += 8
            target += 8
        }
        if source < range.upperBound {
            let word = bytes.littleEndian64(at: source)
            seen |= word & (1 &<< UInt64(8 &* (range.upperBound &- source)) &- 1)
            out.setLittleEndian64(word, at: target)
        }
        bits = seen
    }

    private static func ascends(_ last: Range<Int>, _ next: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
        let shared = min(last.count, next.count, 8)
        let shift = UInt64(64 - 8 * shared)
        let a = bytes.bigEndian64(at: last.lowerBound) &>> shift
        let b = bytes.bigEndian64(at: next.lowerBound) &>> shift
        if a != b { return a < b }
        return bytes.order(last, next) < 0
    }

    /// Whether the labels can be taken as they are.
    func isPlain(limit: Int) -> Bool {
        !isDeclined && hasMetricName && labelCount <= limit && bits & 0x8080_8080_8080_8080 == 0
    }

    /// Appends plain labels and returns their hash.
    func append(to bytes: inout [UInt8]) -> UInt64 {
        let buffer = buffer
        bytes.append(buffer.span, 0..<count)
        return Labels.hash(buffer.span.extracting(0..<count))
    }
}
