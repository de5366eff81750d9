import Codecs

/// Pieces of a record that is longer than one should be, of the rows of a target with very many series, say. They stand one
/// behind the other in its place, each in a frame of its own, so that damage costs no more than with short records:
///
///     19 piece  its number, counted from 0, how many there are, bytes: as many in each as in the first, but for the last one
enum PieceRecord {
    static let kind: UInt8 = 19
    /// Bytes of a piece, and of a record that stands as it is.
    static let longest = 128 << 10
    /// Places in a record take four bytes: there are no longer ones.
    static let mostPieces = 1 << 15

    /// Calls `body` with a record, or with its pieces where it is long.
    static func forEach(_ record: [UInt8], _ body: ([UInt8]) throws -> Void) rethrows {
        guard record.count > longest else { return try body(record) }
        let count = (record.count + longest - 1) / longest
        for number in 0..<count {
            var piece: [UInt8] = [kind]
            piece.append(varint: UInt64(number))
            piece.append(varint: UInt64(count))
            piece += record[number * longest..<min(record.count, (number + 1) * longest)]
            try body(piece)
        }
    }
}

extension PieceRecord {
    /// Whether a record is no further piece of the one before.
    static func isBeginning(_ record: [UInt8]) -> Bool {
        guard record.first == kind else { return true }
        var cursor = ByteCursor(1..<record.count)
        return (try? cursor.number(record.span)) == 0
    }
}

/// Puts the pieces of records together.
struct PieceReader {
    private var bytes: [UInt8] = []
    private var count = 0
    /// Of the first piece.
    private var length = 0
    /// The number and the place in the file that the next piece must have.
    private var next: (number: Int, place: UInt64) = (0, 0)

    /// Rows have checksums of their own in each of their chunks: what is lost of them costs the chunks that it is in.
    private var mayHaveHoles: Bool { bytes.first == SnapshotRecord.rows }

    /// Takes the record at a place of a file, a piece; returns the whole once it is the last one. Zeros stand for pieces of
    /// rows that are lost, but for the first.
    mutating func take(_ record: [UInt8], at place: UInt64) throws(CodecError) -> [UInt8]? {
        let span = record.span
        var cursor = ByteCursor(1..<record.count)
        let number = Int(try cursor.number(span))
        let count = Int(try cursor.number(span))
        if number == 0 {
            bytes = []
            self.count = count
            length = record.count - cursor.position
            next = (0, place)
        }
        let missing = number - next.number
        guard number < count, count <= PieceRecord.mostPieces, count == self.count, missing >= 0,
            missing == 0 || mayHaveHoles,
            place == next.place + UInt64(missing)
        else { throw .malformed("piece \(number) of \(count)", at: cursor.position) }
        bytes.append(contentsOf: repeatElement(0, count: missing * length))
        bytes += record[cursor.position...]
        next = (number + 1, place + 1)
        guard next.number == count else { return nil }
        defer { bytes = [] }
        return bytes
    }

    /// What there is of rows whose last pieces are lost, with zeros for these; nil where none are. To be asked where no piece
    /// of them comes any more.
    mutating func takeUnfinished() -> [UInt8]? {
        defer { bytes = [] }
        guard mayHaveHoles else { return nil }
        return bytes + repeatElement(0, count: (count - next.number) * length)
    }
}
