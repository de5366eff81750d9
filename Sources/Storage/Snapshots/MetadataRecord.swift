import Codecs
import TimeSeries

/// The metadata of metrics in a state file, in order of their names:
///
///     11 | metrics | per metric: its name (a `SharedText` after the one before), kind, help, unit (texts)
enum MetadataRecord {
    /// Bytes after which a record ends.
    private static let target = 1 << 20

    static func records(_ metadata: [String: MetricMetadata]) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var (content, count, before) = ([UInt8](), 0, [UInt8]())
        func end() {
            guard count > 0 else { return }
            var record: [UInt8] = [SnapshotRecord.metrics]
            record.append(varint: UInt64(count))
            records.append(record + content)
            (content, count, before) = ([], 0, [])
        }
        for (name, metadata) in metadata.sorted(by: { $0.key < $1.key }) {
            SharedText.append(Array(name.utf8), after: before, to: &content)
            before = Array(name.utf8)
            for text in [metadata.kind.rawValue, metadata.help, metadata.unit] {
                content.append(prefixed: text)
            }
            count += 1
            if content.count >= target { end() }
        }
        end()
        return records
    }

    /// Takes a record without its kind.
    static func read(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, into head: inout Head
    ) throws(CodecError) {
        var name: [UInt8] = []
        for _ in 0..<(try cursor.varint(bytes)) {
            name = try SharedText.read(bytes, &cursor, after: name)
            try head.readMetadata(of: String(decoding: name, as: UTF8.self), bytes, &cursor)
        }
    }
}

/// A text after another that begins as it does: how many bytes they share, then length and bytes of the rest.
enum SharedText {
    static func append(_ text: [UInt8], after before: [UInt8], to bytes: inout [UInt8]) {
        let shared = zip(text, before).prefix { $0 == $1 }.count
        bytes.append(varint: UInt64(shared))
        bytes.append(prefixed: Array(text[shared...]))
    }

    static func read(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, after before: [UInt8]
    ) throws(CodecError) -> [UInt8] {
        let shared = Int(try cursor.number(bytes))
        guard shared <= before.count else { throw .malformed("shared text", at: cursor.position) }
        return before.prefix(shared) + (try cursor.array(bytes, count: try cursor.length(bytes)))
    }
}
