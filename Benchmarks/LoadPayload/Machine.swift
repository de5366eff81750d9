/// One pretended machine whose values move.
package struct Machine {
    private let payload: Payload
    private var values: [Decimal]
    private var random: Randomness

    package init(_ payload: Payload, number: Int) {
        self.payload = payload
        random = Randomness(seed: UInt64(number) + 1)
        values = payload.pieces.map(\.start)
        // Machines are alike, not equal.
        for (index, piece) in payload.pieces.enumerated() {
            guard case .counter(let limit) = piece.gait else { continue }
            values[index].digits += random.below(limit * 16)
        }
    }

    package var sampleCount: Int { payload.sampleCount }

    /// Moves the values by one scrape.
    package mutating func move() {
        var carry: Int64 = 0
        for (index, piece) in payload.pieces.enumerated() {
            if piece.beginsHistogram { carry = 0 }
            piece.gait.move(&values[index].digits, &random, carry: &carry)
        }
    }

    /// Appends the exposition of the values.
    package func write(to body: inout [UInt8]) {
        for (index, piece) in payload.pieces.enumerated() {
            Bytes.append(payload.text, piece.text, to: &body)
            values[index].write(to: &body)
        }
        Bytes.append(payload.text, payload.tail, to: &body)
    }

    /// The values as numbers, those that stand still included.
    package func sample(_ index: Int) -> Double {
        guard let piece = payload.pieceOfSample[index] else {
            return Double(payload.values[index]) ?? .nan
        }
        var scale = 1.0
        for _ in 0..<values[piece].places { scale *= 10 }
        return Double(values[piece].digits) / scale
    }
}
