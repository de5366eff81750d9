package import Documents
import PromQL
package import TimeSeries

extension JSONWriter {
    /// Seconds with three decimals where there are any: `1435781430.781`, `1435781430`.
    package mutating func timestamp(_ moment: Timestamp) { thousandths(moment.milliseconds) }

    /// A sample's value, as text: `"1.5"`, `"NaN"`, `"1e+21"`.
    package mutating func sampleValue(_ value: Double) {
        if let whole = SampleText.whole(value) {
            quoted(whole)
        } else {
            quoted(plain: SampleText.text(value).utf8)
        }
    }

    package mutating func labels(_ name: String, _ labels: Labels) {
        key(name)
        self.labels(labels)
    }

    package mutating func labels(_ labels: Labels) {
        let bytes = labels.bytes
        object { json in
            for (name, value) in labels.ranges {
                json.key(utf8: bytes[name])
                json.string(utf8: bytes[value])
            }
        }
    }

    mutating func point(_ moment: Timestamp, _ value: Double) {
        array { json in
            json.timestamp(moment)
            json.sampleValue(value)
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

/// Sample values as Prometheus' API writes them: plain digits, an exponent below 1e-6 and from 1e21.
enum SampleText {
    /// The value as an integer, where that is how it is written; not so for -0 and from 1e15.
    static func whole(_ value: Double) -> Int64? {
        guard value.magnitude < 1e15, value == value.rounded(.towardZero) else { return nil }
        return value == 0 && value.sign == .minus ? nil : Int64(value)
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
