/// One pretended machine: its values, and what its scrapes were like.
struct Target {
    private let payload: Payload
    private var values: [Decimal]
    private var random: Randomness
    private(set) var punctuality: Punctuality

    init(_ payload: Payload, number: Int, intervalNanoseconds: Int64) {
        self.payload = payload
        random = Randomness(seed: UInt64(number) + 1)
        punctuality = Punctuality(interval: intervalNanoseconds)
        values = payload.pieces.map(\.start)
        // Machines are alike, not equal.
        for (index, piece) in payload.pieces.enumerated() {
            guard case .counter(let limit) = piece.gait else { continue }
            values[index].digits += random.below(limit * 16)
        }
    }

    var sampleCount: Int { payload.sampleCount }

    /// Moves the values by one scrape.
    mutating func move() {
        var carry: Int64 = 0
        for (index, piece) in payload.pieces.enumerated() {
            if piece.beginsHistogram { carry = 0 }
            piece.gait.move(&values[index].digits, &random, carry: &carry)
        }
    }

    /// Appends the exposition of the values.
    func write(to body: inout [UInt8]) {
        for (index, piece) in payload.pieces.enumerated() {
            Bytes.append(payload.text, piece.text, to: &body)
            values[index].write(to: &body)
        }
        Bytes.append(payload.text, payload.tail, to: &body)
    }

    /// The values as numbers, those that stand still included.
    func sample(_ index: Int) -> Double {
        guard let piece = payload.pieceOfSample[index] else {
            return Double(payload.values[index]) ?? .nan
        }
        var scale = 1.0
        for _ in 0..<values[piece].places { scale *= 10 }
        return Double(values[piece].digits) / scale
    }

    mutating func noteScrape(at nanoseconds: Int64) { punctuality.note(nanoseconds) }
}

/// How regularly a target is scraped. A scrape is late where the time since the one before exceeds the interval by more
/// than a tenth and 20 ms; intervals without one are missed.
struct Punctuality {
    let interval: Int64
    private(set) var scrapes = 0
    private(set) var late = 0
    private(set) var missed = 0
    private(set) var longestGap: Int64 = 0
    private var last: Int64?

    init(interval: Int64) { self.interval = interval }

    mutating func note(_ moment: Int64) {
        scrapes += 1
        defer { last = moment }
        guard let last else { return }
        let gap = moment - last
        longestGap = max(longestGap, gap)
        let intervals = (gap + interval / 2) / interval
        missed += Int(max(0, intervals - 1))
        if gap - max(1, intervals) * interval > max(interval / 10, 20_000_000) { late += 1 }
    }
}
