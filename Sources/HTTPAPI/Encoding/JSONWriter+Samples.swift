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
        let text = labels.bytes.span
        var isPlain = true
        var pairs = 0
        labels.forEachRange { name, value in
            isPlain = isPlain && text.extracting(name).isPlainASCII && text.extracting(value).isPlainASCII
            pairs += 1
        }
        guard isPlain else {
            return object { json in
                labels.forEachRange { name, value in
                    json.key(text, name)
                    json.string(text, value)
                }
            }
        }
        element(room: text.count + 6 * pairs + 2) { bytes in
            bytes.append(UInt8(ascii: "{"))
            labels.forEachRange { name, value in
                if name.lowerBound > 1 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(UInt8(ascii: "\""))
                bytes.append(copying: text.extracting(name))
                bytes.append(UInt8(ascii: "\""))
                bytes.append(UInt8(ascii: ":"))
                bytes.append(UInt8(ascii: "\""))
                bytes.append(copying: text.extracting(value))
                bytes.append(UInt8(ascii: "\""))
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    mutating func point(_ moment: Timestamp, _ value: Double) {
        array { json in
            json.timestamp(moment)
            json.sampleValue(value)
        }
    }

    /// The points of one series of a matrix: most of the bytes of most answers, 0.05 to 0.1 us each.
    /// - Parameter texts: the moments of the series before; series of one answer have most moments in common.
    mutating func points(_ samples: [Sample], _ texts: inout MomentTexts) {
        let samples = samples.span
        array { json in
            // Room is made for many at once.
            for start in stride(from: 0, to: samples.count, by: 64) {
                let block = samples.extracting(start..<min(samples.count, start + 64))
                json.element(room: block.count * (JSONWriter.thousandthsRoom + SampleText.room + 4)) {
                    bytes in
                    for index in block.indices {
                        if index > 0 { bytes.append(UInt8(ascii: ",")) }
                        bytes.append(UInt8(ascii: "["))
                        let range = texts.range(of: block[index].timestamp, near: start + index)
                        bytes.append(copying: texts.bytes.span.extracting(range))
                        bytes.append(UInt8(ascii: ","))
                        bytes.append(UInt8(ascii: "\""))
                        SampleText.append(block[index].value, to: &bytes)
                        bytes.append(UInt8(ascii: "\""))
                        bytes.append(UInt8(ascii: "]"))
                    }
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
        if kept < moments.count {
            moments.removeSubrange(kept...)
            ends.removeSubrange(kept...)
            bytes.removeSubrange(start...)
        }
        bytes.append(addingCapacity: JSONWriter.thousandthsRoom) {
            JSONWriter.append(thousandths: moment.milliseconds, to: &$0)
        }
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
        if let thousandths = thousandths(value) {
            // Not whole, so that one decimal at least is left.
            JSONWriter.append(thousandths: thousandths, to: &bytes)
            if thousandths % 10 == 0 { bytes.removeLast(thousandths % 100 == 0 ? 2 : 1) }
            return
        }
        // Where the shortest digits that mean the value have neither an exponent nor a zero behind the point.
        guard value.magnitude >= 1e-4, value.magnitude < 1e15 else {
            return bytes.append(copying: Self.text(value).utf8Span.span)
        }
        bytes.append(copying: value.description.utf8Span.span)
    }

    /// The number of thousandths, where the value is the closest one to it. No two decimals of 15 digits have the same
    /// closest value, so that these are its shortest digits.
    private static func thousandths(_ value: Double) -> Int64? {
        guard value.magnitude < 1e12 else { return nil }
        let scaled = value * 1000
        // Half away from zero, without a call into the math library.
        let integer = Int64(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
        return integer != 0 && Double(integer) / 1000 == value ? integer : nil
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
