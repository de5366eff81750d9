import Codecs
import TimeSeries

/// The columns of a layout in a state file. Neighbours have most of their labels in common, so that of each column only what
/// the one before has not stands there, and each text once:
///
///     10 | layout | columns | bytes of the texts | texts | per column: shape, per label: where its value is
///
///     texts  the values in the order in which they are new, each a `SharedText` after the one of the same name before it
///     shape  0: count and names (texts) of the labels, in their order; else the number of such names, from 1 on
///     value  0: that of the column before that has the name; 1: the next text; n: the one of that name that was new n - 1
///            texts ago
///
/// All numbers are LEB128. Layouts are numbered from 0.
enum LayoutRecord {
    /// The values that columns gave a name so far, in the order in which they were new.
    private struct Values {
        var texts: [[UInt8]] = []
        var numbers: [[UInt8]: Int] = [:]
        var last = 0
    }

    static func columns(_ number: Int, _ columns: [Labels]) -> [UInt8] {
        var texts: [UInt8] = []
        var references: [UInt8] = []
        var shapes: [[[UInt8]]: Int] = [:]
        var known: [[UInt8]: Values] = [:]
        for column in columns {
            let bytes = column.bytes
            let pairs = column.ranges.map { (name: Array(bytes[$0.name]), value: Array(bytes[$0.value])) }
            let names = pairs.map(\.name)
            if let shape = shapes[names] {
                references.append(varint: UInt64(shape))
            } else {
                shapes[names] = shapes.count + 1
                references.append(varint: 0)
                references.append(varint: UInt64(names.count))
                for name in names { references.append(prefixed: name) }
            }
            for (name, value) in pairs {
                references.append(varint: UInt64(reference(value, &known[name, default: Values()], &texts)))
            }
        }
        var bytes: [UInt8] = [SnapshotRecord.columns]
        bytes.append(varint: UInt64(number))
        bytes.append(varint: UInt64(columns.count))
        bytes.append(prefixed: texts)
        return bytes + references
    }

    private static func reference(_ value: [UInt8], _ known: inout Values, _ texts: inout [UInt8]) -> Int {
        guard let number = known.numbers[value] else {
            SharedText.append(value, after: known.texts.last ?? [], to: &texts)
            known.last = known.texts.count
            known.numbers[value] = known.last
            known.texts.append(value)
            return 1
        }
        defer { known.last = number }
        return number == known.last ? 0 : known.texts.count - number + 1
    }

    /// Takes a record without its kind; returns the number of the layout too.
    static func read(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> (number: UInt64, columns: [Labels]) {
        let number = try cursor.varint(bytes)
        let count = try cursor.varint(bytes)
        var texts = ByteCursor(try cursor.take(try cursor.length(bytes)))
        var shapes: [[[UInt8]]] = []
        var known: [[UInt8]: Values] = [:]
        var columns: [Labels] = []
        for _ in 0..<count {
            let shape = Int(try cursor.number(bytes))
            if shape == 0 {
                var names: [[UInt8]] = []
                for _ in 0..<(try cursor.length(bytes)) {
                    names.append(try cursor.array(bytes, count: try cursor.length(bytes)))
                }
                shapes.append(names)
            }
            guard shape <= shapes.count else { throw .malformed("layout", at: cursor.position) }
            var labels: [UInt8] = []
            for name in shapes[(shape == 0 ? shapes.count : shape) - 1] {
                labels.append(prefixed: name)
                labels.append(
                    prefixed: try value(bytes, &cursor, &texts, &known[name, default: Values()]))
            }
            columns.append(try Labels(checking: labels))
        }
        return (number, columns)
    }

    private static func value(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, _ texts: inout ByteCursor, _ known: inout Values
    ) throws(CodecError) -> [UInt8] {
        let reference = Int(try cursor.number(bytes))
        switch reference {
        case 0: break
        case 1:
            let text = try SharedText.read(bytes, &texts, after: known.texts.last ?? [])
            known.last = known.texts.count
            known.texts.append(text)
        default: known.last = known.texts.count - reference + 1
        }
        guard known.texts.indices.contains(known.last) else {
            throw .malformed("layout", at: cursor.position)
        }
        return known.texts[known.last]
    }
}
