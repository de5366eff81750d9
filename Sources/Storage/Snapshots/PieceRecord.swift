import Codecs

/// Pieces of a record that is longer than one should be, of the rows of a target with very many series, say. They stand one
/// behind the other in its place:
///
///     19 piece  its number, counted from 0, how many there are, bytes
enum PieceRecord {
    static let kind: UInt8 = 19
    /// Bytes of a piece, and of a record that stands as it is.
    static let longest = 8 << 20

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

/// Puts the pieces of records together.
struct PieceReader {
    private var bytes: [UInt8] = []
    private var count = 0
    /// The number and the place in the file that the next piece must have.
    private var next: (number: Int, place: UInt64) = (0, 0)

    /// Takes the record at a place of a file, a piece; returns the whole once it is the last one.
    mutating func take(_ record: [UInt8], at place: UInt64) throws(CodecError) -> [UInt8]? {
        let span = record.span
        var cursor = ByteCursor(1..<record.count)
        let number = Int(try cursor.number(span))
        let count = Int(try cursor.number(span))
        if number == 0 {
            bytes = []
            self.count = count
            next = (0, place)
        }
        guard number < count, (number, place) == next, count == self.count else {
            throw .malformed("piece \(number) of \(count)", at: cursor.position)
        }
        bytes += record[cursor.position...]
        next = (number + 1, place + 1)
        guard next.number == count else { return nil }
        defer { bytes = [] }
        return bytes
    }
}
