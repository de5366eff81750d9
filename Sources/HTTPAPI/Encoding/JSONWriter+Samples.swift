package import Documents
import PromQL
package import TimeSeries

extension JSONWriter {
    /// Seconds with three decimals where there are any: `1435781430.781`, `1435781430`.
    package mutating func timestamp(_ moment: Timestamp) {
        let (seconds, rest) = moment.milliseconds.magnitude.quotientAndRemainder(dividingBy: 1000)
        let sign = moment.milliseconds < 0 ? "-" : ""
        guard rest > 0 else { return literal("\(sign)\(seconds)") }
        literal("\(sign)\(seconds).\(rest < 100 ? "0" : "")\(rest < 10 ? "0" : "")\(rest)")
    }

    /// A sample's value, as text: `"1.5"`, `"NaN"`, `"1e+21"`.
    package mutating func sampleValue(_ value: Double) { literal("\"\(SampleText.text(value))\"") }

    package mutating func labels(_ name: String, _ labels: Labels) {
        key(name)
        self.labels(labels)
    }

    package mutating func labels(_ labels: Labels) {
        object { json in labels.forEach { json.field($0, $1) } }
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
    static func text(_ value: Double) -> String {
        if value == value.rounded(.towardZero), value.magnitude < 1e15, value != 0 || value.sign == .plus {
            return String(Int64(value))
        }
        let text = value.description
        if value.isFinite, !text.utf8.contains(UInt8(ascii: "e")) {
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        let isPlain = value == 0 || (1e-6..<1e21).contains(value.magnitude)
        return isPlain ? NumberSyntax.plainText(value) : NumberSyntax.text(value)
    }
}
