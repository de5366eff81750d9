import Codecs
import TimeSeries

/// Why the labels of a series cannot be taken.
struct InvalidLabels: Error {
    var reason: String
}

/// The labels of one series as they stand on the wire, made canonical without a string for each; used again for
/// the next series.
struct LabelCollector {
    private var pairs: [(name: Range<Int>, value: Range<Int>)] = []
    private var isSorted = true

    mutating func removeAll() {
        pairs.removeAll(keepingCapacity: true)
        isSorted = true
    }

    /// Takes a `Label` message: name 1, value 2.
    mutating func add(_ message: Range<Int>, _ bytes: Span<UInt8>) throws(CodecError) {
        var name = message.lowerBound..<message.lowerBound
        var value = name
        var cursor = ProtobufCursor(message)
        while let field = try cursor.next(bytes) {
            switch (field.number, field.payload.range) {
            case (1, let range?): name = range
            case (2, let range?): value = range
            default: break
            }
        }
        if let last = pairs.last, isSorted { isSorted = bytes.order(last.name, name) < 0 }
        pairs.append((name: name, value: value))
    }

    /// The labels, sorted by name; labels with an empty value are left out, as they equal absent ones.
    /// - Throws: where a name is empty or given twice, `__name__` is missing, a text is not UTF-8, or a limit is passed.
    mutating func labels(
        _ bytes: Span<UInt8>, _ limits: RemoteWriteLimits
    ) throws(InvalidLabels) -> Labels {
        guard pairs.count <= limits.labels else {
            throw refusal("\(pairs.count) labels, storage.limits.labels is \(limits.labels)", bytes)
        }
        if !isSorted { try sort(bytes) }
        var canonical: [UInt8] = []
        canonical.reserveCapacity(pairs.reduce(0) { $0 + $1.name.count + $1.value.count + 4 })
        var hasMetricName = false
        for (name, value) in pairs {
            guard !name.isEmpty else { throw refusal("a label without a name", bytes) }
            guard name.count <= limits.labelNameBytes else {
                let limit = "storage.limits.label_name_length is \(limits.labelNameBytes)"
                throw refusal("a label that is too long: \(limit)", bytes)
            }
            guard value.count <= limits.labelValueBytes else {
                let limit = "storage.limits.label_value_length is \(limits.labelValueBytes)"
                throw refusal("a label that is too long: \(limit)", bytes)
            }
            guard bytes.isUTF8(name), bytes.isUTF8(value) else {
                throw refusal("a label that is not UTF-8", bytes)
            }
            guard !value.isEmpty else { continue }
            if !hasMetricName { hasMetricName = bytes.isMetricName(name) }
            canonical.append(varint: UInt64(name.count))
            canonical.append(bytes, name)
            canonical.append(varint: UInt64(value.count))
            canonical.append(bytes, value)
        }
        guard hasMetricName else { throw refusal("no metric name", bytes) }
        return Labels(canonical: canonical)
    }

    /// Brings the names in order; equal neighbours are a name given twice.
    private mutating func sort(_ bytes: Span<UInt8>) throws(InvalidLabels) {
        // A span cannot be captured by the comparison, and labels out of order are rare and few.
        for index in pairs.indices.dropFirst() {
            var place = index
            while place > 0 {
                let order = bytes.order(pairs[place - 1].name, pairs[place].name)
                if order == 0 {
                    throw refusal("label \(bytes.text(pairs[place].name)) twice", bytes)
                }
                if order < 0 { break }
                pairs.swapAt(place - 1, place)
                place -= 1
            }
        }
        isSorted = true
    }

    private func refusal(_ reason: String, _ bytes: Span<UInt8>) -> InvalidLabels {
        var shown: [String] = []
        for (name, value) in pairs.prefix(12) {
            shown.append(bytes.text(name) + "=" + Labels.quoted(bytes.text(value)))
        }
        if pairs.count > 12 { shown.append("...") }
        return InvalidLabels(
            reason: "invalid metric name or labels: \(reason), got {" + shown.joined(separator: ", ") + "}")
    }
}

extension Span<UInt8> {
    /// Negative, zero or positive, by bytes, a shorter text before a longer one that starts with it.
    func order(_ a: Range<Int>, _ b: Range<Int>) -> Int {
        var left = a.lowerBound
        var right = b.lowerBound
        while left < a.upperBound, right < b.upperBound {
            if self[left] != self[right] { return self[left] < self[right] ? -1 : 1 }
            left += 1
            right += 1
        }
        return a.count - b.count
    }

    func isUTF8(_ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            guard littleEndian64(at: index) & 0x8080_8080_8080_8080 == 0 else { break }
            index += 8
        }
        while index < range.upperBound, self[index] < 0x80 { index += 1 }
        return index == range.upperBound
            || String(validating: array(index..<range.upperBound), as: UTF8.self) != nil
    }

    fileprivate func isMetricName(_ range: Range<Int>) -> Bool {
        // Eight bytes: "__name__".
        range.count == 8 && littleEndian64(at: range.lowerBound) == 0x5f5f_656d_616e_5f5f
    }

    /// For messages: damaged bytes replaced, long texts cut.
    func text(_ range: Range<Int>) -> String {
        let shown = String(decoding: array(range.prefix(100)), as: UTF8.self)
        return range.count > 100 ? shown + "..." : shown
    }
}
