import Codecs
import TimeSeries

/// A record of the store's log. Each begins with its kind, all numbers are LEB128 unless said otherwise:
///
///     1 table      number, target, columns: count and labels each
///     2 columns    table, width before, count and labels each
///     3 row        table, time (signed), rows before, width, 0 and all cells (8 bytes each), or
///                  1, a bit a cell (set: differs from the row before) and those cells
///     4 close      table
///     5 series     number, labels
///     6 samples    count, then per sample: series, time (signed, difference to the one before), value 8
///     7 histogram  series, time (signed), histogram
///     8 metadata   name, kind, help, unit
///     9 window     how much older than the newest of its series a sample may be from here on, in ms
///
/// Labels are a length and the canonical bytes of `Labels`. Records 1, 2 and 5 are said twice, see `LoneDefinitions`, as those of deletions are.
enum StoreRecord {
    static let table: UInt8 = 1
    static let columns: UInt8 = 2
    static let row: UInt8 = 3
    static let close: UInt8 = 4
    static let series: UInt8 = 5
    static let samples: UInt8 = 6
    static let histogram: UInt8 = 7
    static let metadata: UInt8 = 8
    static let window: UInt8 = 9

    static func table(_ number: UInt32, _ target: Labels, _ columns: [Labels]) -> [UInt8] {
        var bytes: [UInt8] = [table]
        bytes.append(varint: UInt64(number))
        bytes.append(prefixed: target.bytes)
        append(columns, to: &bytes)
        return bytes
    }

    static func columns(_ table: UInt32, width: Int, _ added: [Labels]) -> [UInt8] {
        var bytes: [UInt8] = [columns]
        bytes.append(varint: UInt64(table))
        bytes.append(varint: UInt64(width))
        append(added, to: &bytes)
        return bytes
    }

    private static func append(_ columns: [Labels], to bytes: inout [UInt8]) {
        bytes.append(varint: UInt64(columns.count))
        for labels in columns { bytes.append(prefixed: labels.bytes) }
    }

    /// `previous` is the row before in the raw tail; empty where there is none.
    static func row(
        _ table: UInt32, at time: Int64, rowsBefore: UInt64, _ row: Span<Double>, previous: Span<Double>
    ) -> [UInt8] {
        var bytes: [UInt8] = [self.row]
        bytes.append(varint: UInt64(table))
        bytes.append(signedVarint: time)
        bytes.append(varint: rowsBefore)
        bytes.append(varint: UInt64(row.count))
        guard previous.count == row.count, row.count > 0 else {
            bytes.append(0)
            bytes.append(fixed64: row)
            return bytes
        }
        bytes.append(1)
        var changed: [Double] = []
        var bits: UInt8 = 0
        for index in 0..<row.count {
            if row[index].bitPattern != previous[index].bitPattern {
                bits |= 1 << UInt8(index & 7)
                changed.append(row[index])
            }
            if index & 7 == 7 || index == row.count - 1 {
                bytes.append(bits)
                bits = 0
            }
        }
        bytes.append(fixed64: changed.span)
        return bytes
    }

    static func window(_ milliseconds: Int64) -> [UInt8] {
        var bytes: [UInt8] = [window]
        bytes.append(signedVarint: milliseconds)
        return bytes
    }

    static func close(_ table: UInt32) -> [UInt8] {
        var bytes: [UInt8] = [close]
        bytes.append(varint: UInt64(table))
        return bytes
    }

    static func series(_ number: UInt32, _ labels: Labels) -> [UInt8] {
        var bytes: [UInt8] = [series]
        bytes.append(varint: UInt64(number))
        bytes.append(prefixed: labels.bytes)
        return bytes
    }

    /// Histograms and samples of a batch, of those series that have a number (`UInt32.max` stands for none).
    static func all(
        of batch: SampleBatch, _ numbers: [UInt32], without refused: RefusedSamples = RefusedSamples()
    ) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var skipped = refused.histograms[...]
        for (index, number) in numbers.enumerated() where number != .max && !batch.histograms.isEmpty {
            for place in batch.histogramRange(index) {
                if skipped.first == place {
                    skipped.removeFirst()
                    continue
                }
                let (timestamp, histogram) = batch.histograms[place]
                records.append(self.histogram(number, at: timestamp.milliseconds, histogram))
            }
        }
        var count = batch.samples.count - refused.samples.count
        for (index, number) in numbers.enumerated() where number == .max {
            count -= batch.sampleRange(index).count
        }
        guard count > 0 else { return records }
        var writer = SampleWriter(count: count, without: refused.samples)
        var start = 0
        for (index, number) in numbers.enumerated() {
            let end = batch.entries[index].samplesEnd
            if number != .max { writer.append(number, batch.samples, start..<end) }
            start = end
        }
        records.append(writer.finish())
        return records
    }

    /// The same kind of record of samples by the numbers of their series.
    /// - Parameter refused: the places of those that it leaves out, ascending.
    static func samples(_ known: KnownSamples, without refused: [Int] = []) -> [UInt8] {
        var writer = SampleWriter(count: known.samples.count - refused.count, without: refused)
        var start = 0
        for (index, number) in known.handles.enumerated() {
            writer.append(number, known.samples, start..<known.ends[index])
            start = known.ends[index]
        }
        return writer.finish()
    }

    /// What a record of samples holds, behind its kind. Samples of a series that stand behind each other are together again.
    static func samples(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> KnownSamples {
        let count = try cursor.length(bytes)
        var (handles, ends, samples): ([UInt32], [Int], [Sample]) = ([], [], [])
        try handles.append(addingCapacity: count) { handles throws(CodecError) in
            try ends.append(addingCapacity: count) { ends throws(CodecError) in
                try samples.append(addingCapacity: count) { samples throws(CodecError) in
                    try read(bytes, &cursor, &handles, &ends, &samples)
                }
            }
        }
        return KnownSamples(handles: handles, ends: ends, samples: samples)
    }

    /// Fills the columns of samples, without a look at an array for each.
    @inline(__always)
    private static func read(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ handles: inout OutputSpan<UInt32>,
        _ ends: inout OutputSpan<Int>, _ samples: inout OutputSpan<Sample>
    ) throws(CodecError) {
        var time: Int64 = 0
        var last: UInt32?
        while !samples.isFull {
            let number: UInt32
            let value: Double
            if let short = shortSample(bytes, &cursor) {
                number = short.number
                time &+= short.step
                value = short.value
            } else {
                number = try cursor.number(bytes)
                time &+= try cursor.signedVarint(bytes)
                value = Double(bitPattern: try cursor.fixed64(bytes))
            }
            if number != last {
                if last != nil { ends.append(samples.count) }
                handles.append(number)
                last = number
            }
            samples.append(Sample(Timestamp(milliseconds: time), value))
        }
        if last != nil { ends.append(samples.count) }
    }

    /// A sample whose number and whose step of time take up to four bytes each, as nearly all do; nil for others.
    @inline(__always)
    private static func shortSample(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) -> (number: UInt32, step: Int64, value: Double)? {
        guard cursor.remaining >= 16 else { return nil }
        let word = bytes.littleEndian64(at: cursor.position)
        let ends = ~word & 0x8080_8080_8080_8080
        let later = ends & (ends &- 1)
        guard later != 0 else { return nil }
        let (first, length) = (ends.trailingZeroBitCount &>> 3 &+ 1, later.trailingZeroBitCount &>> 3 &+ 1)
        guard first <= 4, length &- first <= 4 else { return nil }
        let number = word & (1 &<< UInt64(8 &* first) &- 1)
        // Two shifts: eight bytes at a time are none.
        let step = (word &<< UInt64(64 &- 8 &* length)) &>> UInt64(64 &- 8 &* (length &- first))
        cursor.position += length &+ 8
        return (
            UInt32(truncatingIfNeeded: packed(number)), ZigZag.decode(packed(step)),
            Double(bitPattern: bytes.littleEndian64(at: cursor.position &- 8))
        )
    }

    /// The number that four LEB128 bytes stand for, those that are not used zero.
    @inline(__always)
    private static func packed(_ bytes: UInt64) -> UInt64 {
        bytes & 0x7f | (bytes & 0x7f00) &>> 1 | (bytes & 0x7f_0000) &>> 2 | (bytes & 0x7f00_0000) &>> 3
    }

    static func histogram(_ series: UInt32, at time: Int64, _ histogram: FloatHistogram) -> [UInt8] {
        var bytes: [UInt8] = [self.histogram]
        bytes.append(varint: UInt64(series))
        bytes.append(signedVarint: time)
        HistogramCodec.encode(histogram, to: &bytes)
        return bytes
    }

    /// The moment of a record of samples, of the first where it has several; nil for others.
    static func moment(of record: [UInt8]) -> Int64? {
        let bytes = record.span
        var cursor = ByteCursor(count: bytes.count)
        switch try? cursor.byte(bytes) {
        case row, histogram: break
        case samples: guard (try? cursor.varint(bytes)) != nil else { return nil }
        default: return nil
        }
        guard (try? cursor.varint(bytes)) != nil else { return nil }
        return try? cursor.signedVarint(bytes)
    }

    /// The table that a record has a row of; nil for other records.
    static func table(ofRow record: [UInt8]) -> UInt32? {
        guard record.first == row else { return nil }
        var cursor = ByteCursor(1..<record.count)
        return try? cursor.number(record.span)
    }

    static func metadata(_ name: String, _ metadata: MetricMetadata) -> [UInt8] {
        var bytes: [UInt8] = [self.metadata]
        for text in [name, metadata.kind.rawValue, metadata.help, metadata.unit] {
            bytes.append(prefixed: text)
        }
        return bytes
    }
}

/// Reads the parts that several records share.
extension ByteCursor {
    mutating func number(_ bytes: Span<UInt8>) throws(CodecError) -> UInt32 {
        let value = try varint(bytes)
        guard let number = UInt32(exactly: value) else { throw .malformed("number \(value)", at: position) }
        return number
    }

    /// Labels, checked to be canonical as far as memory safety and order ask for.
    mutating func labels(_ bytes: Span<UInt8>) throws(CodecError) -> Labels {
        try Labels(checking: try array(bytes, count: try length(bytes)))
    }

    mutating func text(_ bytes: Span<UInt8>) throws(CodecError) -> String {
        String(decoding: try array(bytes, count: try length(bytes)), as: UTF8.self)
    }

    mutating func labelsList(_ bytes: Span<UInt8>) throws(CodecError) -> [Labels] {
        let count = try length(bytes)
        var list: [Labels] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try labels(bytes)) }
        return list
    }
}

extension Labels {
    /// Of bytes that have to be the canonical ones.
    init(checking bytes: [UInt8]) throws(CodecError) {
        if Labels.arePlain(bytes.span) {
            self.init(canonical: bytes)
            return
        }
        var pairs: [(name: String, value: String)] = []
        var cursor = ByteCursor(count: bytes.count)
        while !cursor.isAtEnd {
            let name = try cursor.text(bytes.span)
            pairs.append((name: name, value: try cursor.text(bytes.span)))
        }
        self.init(pairs)
        guard self.bytes == bytes else { throw .malformed("labels", at: 0) }
    }

    /// Whether bytes are the canonical ones of labels as nearly all are: ASCII, no name and no value longer than 127 bytes. Told
    /// without making texts of them.
    private static func arePlain(_ bytes: Span<UInt8>) -> Bool {
        var last: Range<Int>?
        var position = 0
        while position < bytes.count {
            guard let name = plainText(bytes, &position), let value = plainText(bytes, &position),
                !value.isEmpty
            else { return false }
            if let last, compare(bytes, last, bytes, name) >= 0 { return false }
            last = name
        }
        return true
    }

    private static func plainText(_ bytes: Span<UInt8>, _ position: inout Int) -> Range<Int>? {
        guard position < bytes.count else { return nil }
        let text = position + 1..<position + 1 + Int(bytes[position])
        guard bytes[position] < 0x80, text.upperBound <= bytes.count else { return nil }
        var union: UInt8 = 0
        for index in text { union |= bytes[index] }
        position = text.upperBound
        return union < 0x80 ? text : nil
    }
}
