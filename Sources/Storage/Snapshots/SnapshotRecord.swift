import Codecs
import TimeSeries

/// Records of snapshot files; numbers are LEB128, times signed ones, unless said otherwise:
///
///     1 head      newest time, dropped before (time), tables made, series made, window (signed ms)
///     2 layout    columns: count and labels each, numbered in their order; of version 2, read and not written any more
///     3 table     number, open 1, target, layout, rows so far, tail: rows, time each, cells 8 bytes each
///     4 rows      table, row count, time each (differences), columns, samples, chunks: count and end each, bytes
///     5 series    number, labels, newest time, tail and late samples: count, then time and 8 bytes each,
///                 histograms: count, then time and histogram each
///     6 part      series, first time, last time, rows, bytes; of version 1, read and not written any more
///     7 metadata  as in the log; of version 2, read and not written any more
///     8 end       number of records before
///     9 group     first series, series in it as 16 bits, first time, last time, rows, bytes
///    10 columns   of a layout, see `LayoutRecord`
///    11 metrics   see `MetadataRecord`
///    12 group with histograms: as 9, with the series that have some as 16 bits before the first time
///    19 piece     of a long record, see `PieceRecord`
enum SnapshotRecord {
    static let head: UInt8 = 1
    static let layout: UInt8 = 2
    static let table: UInt8 = 3
    static let rows: UInt8 = 4
    static let series: UInt8 = 5
    static let part: UInt8 = 6
    static let metadata: UInt8 = 7
    static let end: UInt8 = 8
    static let group: UInt8 = 9
    static let columns: UInt8 = 10
    static let metrics: UInt8 = 11
    static let histogramGroup: UInt8 = 12

    static func head(_ head: Head) -> [UInt8] {
        var bytes: [UInt8] = [self.head]
        bytes.append(signedVarint: head.newest)
        bytes.append(signedVarint: head.droppedBefore)
        bytes.append(varint: UInt64(head.tables.count))
        bytes.append(varint: UInt64(head.loose.nextNumber))
        bytes.append(signedVarint: head.window)
        return bytes
    }

    static func table(_ number: Int, _ table: Table, layout: Int) -> [UInt8] {
        var bytes: [UInt8] = [self.table]
        bytes.append(varint: UInt64(number))
        bytes.append(table.isOpen ? 1 : 0)
        bytes.append(prefixed: table.target.bytes)
        bytes.append(varint: UInt64(layout))
        bytes.append(varint: table.appendedRows)
        bytes.append(varint: UInt64(table.tailTimes.count))
        for time in table.tailTimes { bytes.append(signedVarint: time) }
        let cells = table.tail.cells
        bytes.append(fixed64: cells.span)
        return bytes
    }

    static func rows(_ table: Int, _ rows: SealedRows) -> [UInt8] {
        var bytes: [UInt8] = [self.rows]
        bytes.append(varint: UInt64(table))
        bytes.append(varint: UInt64(rows.rowCount))
        var last: Int64 = 0
        for time in rows.times.milliseconds {
            bytes.append(signedVarint: time - last)
            last = time
        }
        bytes.append(varint: UInt64(rows.columnCount))
        bytes.append(varint: UInt64(rows.sampleCount))
        bytes.append(varint: UInt64(rows.ends.count))
        for end in rows.ends { bytes.append(varint: UInt64(end)) }
        bytes.append(prefixed: rows.bytes)
        return bytes
    }

    static func series(_ number: UInt32, _ loose: LooseSeries) -> [UInt8] {
        let group = loose.groups[Int(number >> 4)]
        let slot = Int(number & 15)
        var bytes: [UInt8] = [self.series]
        bytes.append(varint: UInt64(number))
        bytes.append(prefixed: loose.labels(number).bytes)
        bytes.append(signedVarint: group.newest[slot])
        let late = group.late.filter { $0.slot == UInt8(slot) }.sorted { $0.time < $1.time }
        let lateSamples = late.map { Sample(Timestamp(milliseconds: $0.time), $0.value) }
        for samples in [group.tail(slot), lateSamples] {
            bytes.append(varint: UInt64(samples.count))
            for sample in samples {
                bytes.append(signedVarint: sample.timestamp.milliseconds)
                bytes.append(fixed64: sample.value.bitPattern)
            }
        }
        let histograms = group.histograms.filter { $0.key.slot == UInt8(slot) }
        bytes.append(varint: UInt64(histograms.count))
        for (moment, histogram) in histograms.sorted(by: { $0.key.time < $1.key.time }) {
            bytes.append(signedVarint: moment.time)
            bytes += histogram.bytes
        }
        return bytes
    }

    static func group(_ group: Int, _ part: LoosePart) -> [UInt8] {
        var bytes: [UInt8] = [part.histogramSlots == 0 ? self.group : histogramGroup]
        bytes.append(varint: UInt64(group * LooseGroup.width))
        bytes.append(varint: UInt64(part.slots))
        if part.histogramSlots != 0 { bytes.append(varint: UInt64(part.histogramSlots)) }
        bytes.append(signedVarint: part.first)
        bytes.append(signedVarint: part.last)
        bytes.append(varint: UInt64(part.rowCount))
        bytes.append(prefixed: part.bytes)
        return bytes
    }

    static func end(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = [end]
        bytes.append(varint: UInt64(count))
        return bytes
    }
}
