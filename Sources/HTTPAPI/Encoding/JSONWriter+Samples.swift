package import Documents
import PromQL
package import TimeSeries

extension JSONWriter {
    /// Seconds with three decimals where there are any: `1435781430.781`, `1435781430`.
    package mutating func timestamp(_ moment: Timestamp) { thousandths(moment.milliseconds) }

    /// A sample's value, as text: `"1.5"`, `"NaN"`, `"1e+21"`.
    package mutating func sampleValue(_ value: Double) {
        element(room: SampleText.room) { bytes in
            bytes.append(UInt8(ascii: "\""))
            SampleText.append(value, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    package mutating func labels(_ name: String, _ labels: Labels) {
        key(name)
        self.labels(labels)
    }

    package mutating func labels(_ labels: Labels) {
        let ranges = labels.ranges
        object { json in
            let text = labels.bytes.span
            for (name, value) in ranges {
                json.key(text, name)
                json.string(text, value)
            }
        }
    }

    mutating func point(_ moment: Timestamp, _ value: Double) {
        array { json in
            json.timestamp(moment)
            json.sampleValue(value)
        }
    }

    /// The points of one series of a matrix: most of the bytes of most answers, about 0.1 us each.
    /// - Parameter texts: the moments of the series before; series of one answer have most moments in common.
    mutating func points(_ samples: [Sample], _ texts: inout MomentTexts) {
        let samples = samples.span
        array { json in
            for index in samples.indices {
                let sample = samples[index]
                let range = texts.range(of: sample.timestamp, near: index)
                json.element(room: range.count + SampleText.room + 3) { bytes in
                    bytes.append(UInt8(ascii: "["))
                    let moments = texts.bytes.span
                    for place in range { bytes.append(moments[place]) }
                    bytes.append(UInt8(ascii: ","))
                    bytes.append(UInt8(ascii: "\""))
                    SampleText.append(sample.value, to: &bytes)
                    bytes.append(UInt8(ascii: "\""))
                    bytes.append(UInt8(ascii: "]"))
                }
            }
        }
    }

    mutating func point(_ moment: Timestamp, _ histogram: FloatHistogram) {
        array { json in
            json.timestamp(moment)
            json.histogram(histogram)
        }
    }

    private mutating func histogram(_ histogram: FloatHistogram) {
        object { json in
            json.key("count")
            json.sampleValue(histogram.count)
            json.key("sum")
            json.sampleValue(histogram.sum)
            let buckets = HistogramBuckets.filled(histogram)
            guard !buckets.isEmpty else { return }
            json.key("buckets")
            json.array { json in
                for bucket in buckets {
                    json.array { json in
                        json.integer(bucket.boundaries)
                        json.sampleValue(bucket.lower)
                        json.sampleValue(bucket.upper)
                        json.sampleValue(bucket.count)
                    }
                }
            }
        }
    }
}

/// Moments as JSON writes them, each written once.
struct MomentTexts {
    private var moments: [Timestamp] = []
    private var ends: [Int] = []
    private(set) var bytes: [UInt8] = []

    /// Where the text of a moment stands in `bytes`. It is found at once where it is the `index`-th of those known.
    mutating func range(of moment: Timestamp, near index: Int) -> Range<Int> {
        if index < moments.count, moments[index] == moment {
            return (index == 0 ? 0 : ends[index - 1])..<ends[index]
        }
        return add(moment, at: index)
    }

    /// What was known from `index` on gives way to this moment.
    private mutating func add(_ moment: Timestamp, at index: Int) -> Range<Int> {
        let kept = min(index, moments.count)
        let start = kept == 0 ? 0 : ends[kept - 1]
        moments.removeSubrange(kept...)
        ends.removeSubrange(kept...)
        bytes.removeSubrange(start...)
        var json = JSONWriter()
        json.timestamp(moment)
        bytes += json.bytes
        moments.append(moment)
        ends.append(bytes.count)
        return start..<bytes.count
    }
}

/// Sample values as Prometheus' API writes them: plain digits, an exponent below 1e-6 and from 1e21.
enum SampleText {
    /// The value as an integer, where that is how it is written; not so for -0 and from 1e15.
    static func whole(_ value: Double) -> Int64? {
        guard value.magnitude < 1e15, value == value.rounded(.towardZero) else { return nil }
        return value == 0 && value.sign == .minus ? nil : Int64(value)
    }

    /// The most bytes of a value with its quotes.
    static let room = 32

    static func append(_ value: Double, to bytes: inout OutputSpan<UInt8>) {
        if let whole = whole(value) { return JSONWriter.append(whole, to: &bytes) }
        let text = value.description
        guard value.isFinite, isPlain(text.utf8Span.span) else { return append(Self.text(value), to: &bytes) }
        append(text[...], to: &bytes)
    }

    private static func append(_ text: Substring, to bytes: inout OutputSpan<UInt8>) {
        let text = text.utf8Span.span
        for index in text.indices { bytes.append(text[index]) }
    }

    /// Whether the shortest digits of a number are how it is written.
    private static func isPlain(_ text: Span<UInt8>) -> Bool {
        // With an exponent, or whole and large: rare, so another way is found for them.
        for index in text.indices where text[index] == UInt8(ascii: "e") { return false }
        return text[text.count - 2] != UInt8(ascii: ".") || text[text.count - 1] != UInt8(ascii: "0")
    }

    static func text(_ value: Double) -> Substring {
        if let whole = whole(value) { return Substring(String(whole)) }
        let text = value.description
        if value.isFinite, !text.utf8.contains(UInt8(ascii: "e")) {
            let isWhole = text.utf8.suffix(2).elementsEqual([UInt8(ascii: "."), UInt8(ascii: "0")])
            return isWhole ? text.dropLast(2) : text[...]
        }
        let isPlain = value == 0 || (1e-6..<1e21).contains(value.magnitude)
        return Substring(isPlain ? NumberSyntax.plainText(value) : NumberSyntax.text(value))
    }
}
