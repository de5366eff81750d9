import Testing
import TimeSeries

@testable import Storage

@Suite struct ChunkTests {
    /// Encodes, decodes and compares every bit.
    private func roundTrip(_ columns: [[Double]], _ name: String = "") throws -> Int {
        let bytes = Chunk.encode(columns, rowCount: columns[0].count)
        #expect(isIntact(bytes))
        let opened = try open(bytes)
        #expect(opened.columnCount == columns.count)
        for (index, column) in columns.enumerated() {
            var decoded: [Double] = []
            let hasAbsent = try opened.decode(index, into: &decoded)
            #expect(decoded.map(\.bitPattern) == column.map(\.bitPattern), "\(name) column \(index)")
            #expect(hasAbsent == column.contains(where: Marker.isAbsent))
        }
        return bytes.count
    }

    private func isIntact(_ bytes: [UInt8]) -> Bool { Chunk.isIntact(bytes.span, 0..<bytes.count) }
    private func open(_ bytes: [UInt8]) throws -> Chunk.Opened { try Chunk.open(bytes, 0..<bytes.count) }

    @Test func `values of every kind come back bit for bit`() throws {
        let kinds: [String: [Double]] = [
            "zero": [0, 0, 0, 0],
            "constant": [1.5, 1.5, 1.5, 1.5],
            "large constant": [1e300, 1e300, 1e300, 1e300],
            "counter": [1, 2, 5, 9],
            "seconds": [0.01, 0.02, 0.05, 1234.56],
            "negative": [-1, 5, -7.25, 3],
            "negative zero": [-0.0, 0, -0.0, 1],
            "special": [.infinity, -.infinity, .nan, 0],
            "stale": [1, 2, Marker.stale, Marker.stale],
            "absent": [Marker.absent, Marker.absent, Marker.absent, Marker.absent],
            "partly absent": [Marker.absent, 3, Marker.absent, 4],
            "absent and constant": [Marker.absent, 3, 3, Marker.absent],
            "extremes": [.greatestFiniteMagnitude, .leastNonzeroMagnitude, -0x1p-1040, 0x1p52],
            "irrational": [0.1 + 0.2, 1.0 / 3, 2.0 / 3, .pi],
            "pages": [4096, 8192, 40960, 4096],
        ]
        for (name, column) in kinds { _ = try roundTrip([column], name) }
        _ = try roundTrip(kinds.values.map { $0 })
        _ = try roundTrip([[7]])
        _ = try roundTrip([[0.1 + 0.2], [Marker.stale]])
    }

    @Test func `columns with the steps or the values of an earlier one cost a few bytes`() throws {
        let load = (0..<120).map { Double($0 * $0 % 977) }
        let alone = try roundTrip([load])
        let together = try roundTrip([load, load, load.map { $0 + 1000 }])

        #expect(together - alone < 20)
    }

    @Test func `values beside short fractions cost what their fractions do`() throws {
        // As a counter of seconds that adds durations of whole nanoseconds.
        var random = SplitMix(seed: 3)
        var sum = 0.0
        let sums = (0..<240).map { _ in
            sum += Double(Int.random(in: 3_000_000..<5_000_000, using: &random)) / 1e9
            return sum
        }

        #expect(try roundTrip([sums]) < 240 * 4)
    }

    @Test func `times in seconds and integers above 2^53 cost what their steps do`() throws {
        var random = SplitMix(seed: 4)
        let times = (0..<240).map { row in
            let jitter = Double(Int.random(in: 0..<1_000_000, using: &random)) / 1e9
            return 1_795_439_262 + Double(5 * row) + jitter
        }
        let nanoseconds = times.map { ($0 * 1e9).rounded() }
        var bytes: UInt64 = 1 << 58
        let counter = (0..<240).map { _ in
            bytes += UInt64.random(in: 0..<1_000_000, using: &random)
            return Double(bytes)
        }

        #expect(try roundTrip([times]) < 240 * 3)
        #expect(try roundTrip([nanoseconds]) < 240 * 3)
        #expect(try roundTrip([counter]) < 240 * 3)
    }

    @Test func `values without anything in common cost their bytes and little more`() throws {
        var random = SplitMix(seed: 5)
        let wild = (0..<240).map { _ in Double(bitPattern: .random(in: 0 ... .max, using: &random)) }
        let unlike = (0..<240).map { _ in
            Double.random(in: -1...1, using: &random) * pow10(Int.random(in: -9...9, using: &random))
        }
        let quotients = (1...240).map { row in
            let (over, under) = (row * 7919 % 1009 + 1, row * 104_729 % 997 + 1)
            return Double(over) / Double(under)
        }

        #expect(try roundTrip([wild]) < 240 * 8 + 16)
        #expect(try roundTrip([unlike]) < 240 * 8 + 16)
        #expect(try roundTrip([quotients]) < 240 * 15 / 2)
    }

    private func pow10(_ exponent: Int) -> Double {
        (0..<exponent.magnitude).reduce(1) { power, _ in exponent < 0 ? power / 10 : power * 10 }
    }

    @Test func `a few zeros, stale markers and infinities among long fractions cost little`() throws {
        var random = SplitMix(seed: 6)
        var level = 1.0
        let values = (0..<240).map { row in
            level += Double.random(in: 0...0.001, using: &random)
            return row % 60 == 7 ? 0 : row % 60 == 9 ? Marker.stale : row % 97 == 3 ? -.infinity : level
        }

        #expect(try roundTrip([values]) < 240 * 7)
    }

    @Test func `long fractions that jump far now and then come back bit for bit`() throws {
        var random = SplitMix(seed: 8)
        let level = 1.0 / 3
        for spread in [1, 1000, 1 << 40] as [UInt64] {
            let values = (0..<240).map { row in
                let near = Double(bitPattern: level.bitPattern + .random(in: 0...spread, using: &random))
                return row % 11 == 3 ? near * 1e10 : near
            }
            #expect(try roundTrip([values]) < 240 * 8)
        }
    }

    @Test func `values that change among a few in no order cost what tells these apart`() throws {
        var random = SplitMix(seed: 10)
        func column(_ values: [Double]) -> [Double] {
            (0..<240).map { _ in values.randomElement(using: &random)! }
        }
        let codes = column([0, 1, 200, 404, 500])
        let mostly = column([200, 200, 200, 200, 200, 200, 200, 200, 404, 500, 503, 504])
        let fractions = column([1.0 / 3, 2.0 / 3, 0.1234567891234])
        let states = column([0, 1])
        var level = 20.0
        let walk = column([0, 0, 0, 0.1, -0.1]).map { step in
            level = ((level + step) * 10).rounded() / 10
            return level
        }

        // 2.4, 1.8, 1.7, 1 and 1.4 bits a value.
        #expect(try roundTrip([codes]) < 240 * 24 / 80 + 35)
        #expect(try roundTrip([mostly]) < 240 * 18 / 80 + 35)
        #expect(try roundTrip([fractions]) < 240 * 17 / 80 + 60)
        #expect(try roundTrip([states]) < 240 / 8 + 25)
        #expect(try roundTrip([walk]) < 240 * 14 / 80 + 30)
    }

    @Test func `steps up to a largest one cost as many bits as that one has`() throws {
        var random = SplitMix(seed: 11)
        for (largest, bits) in [(2, 1.7), (9, 3.5), (99, 6.8)] {
            var sum = 0.0
            let counter = (0..<1000).map { _ in
                sum += Double(Int.random(in: 0...largest, using: &random))
                return sum
            }

            #expect(try roundTrip([counter]) < Int(1000 * bits / 8) + 25, "\(largest)")
        }
    }

    @Test(arguments: 1...70) func `as many different values as there may be come back bit for bit`(
        count: Int
    ) throws {
        var random = SplitMix(seed: UInt64(count))
        // Some of them so rare that their codes have to be made shorter than they would be.
        for rows in [100, 240, 5000] {
            let values = (0..<count).map { _ in Double(Int.random(in: 0..<1 << 40, using: &random)) }
            let skewed = (0..<rows).map { _ in
                values[min(count - 1, Int.random(in: 0 ... .max, using: &random).trailingZeroBitCount)]
            }
            let even = (0..<rows).map { _ in values.randomElement(using: &random)! }
            _ = try roundTrip([skewed, even, even.map { $0 / 3 }], "\(count) in \(rows)")
        }
    }

    @Test func `damaged codes of few values throw or give as many rows, and never trap`() throws {
        var random = SplitMix(seed: 12)
        for _ in 0..<60 {
            let values = (0..<Int.random(in: 2...30, using: &random)).map { _ in
                Double(Int.random(in: 0..<1000, using: &random))
            }
            let column = (0..<240).map { _ in values.randomElement(using: &random)! }
            let bytes = Chunk.encode([column], rowCount: 240)
            for place in bytes.indices.prefix(80) {
                var damaged = bytes
                damaged[place] ^= UInt8.random(in: 1...255, using: &random)
                guard let opened = try? open(damaged) else { continue }
                for column in 0..<opened.columnCount {
                    var values: [Double] = []
                    if (try? opened.decode(column, into: &values)) != nil {
                        #expect(values.count == opened.rowCount)
                    }
                }
            }
        }
    }

    @Test func `bytes of scales are those of scales`() {
        for byte in UInt8.min...UInt8.max {
            guard let scale = Scale(byte: byte) else { continue }
            #expect(scale.byte == byte)
        }
        #expect((UInt8.min...UInt8.max).count { Scale(byte: $0) != nil } == 3 * 13 + 1 + 12 * 13)
    }

    @Test func `values of every scale are told from others as by a search through all scales`() {
        var random = SplitMix(seed: 9)
        for _ in 0..<20_000 {
            let kind = Scale.Kind(rawValue: UInt8.random(in: 0...2, using: &random))!
            let exponent = kind == .dividedTwice ? 6 : Int.random(in: 0...12, using: &random)
            let integer = Int64.random(in: 1..<2 << Int64.random(in: 0...50, using: &random), using: &random)
            let value = Scale(kind: kind, exponent: exponent).value(integer)
            for start in [Scale.one, Scale(kind: .multiplied, exponent: 1)] {
                let expected = (start.exponent + 1...Scale.largestExponent)
                    .map { Scale(kind: start.kind, exponent: $0) }.first { $0.integer(value) != nil }
                #expect(start.grown(for: value) == expected)
                #expect(start.grown(for: -value) == expected)
            }
        }
    }

    @Test(arguments: 0..<300) func `random columns come back bit for bit`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let rows = Int.random(in: 1...260, using: &random)
        let columns = (0..<Int.random(in: 1...16, using: &random)).map { _ in
            randomColumn(rows, &random)
        }
        _ = try roundTrip(columns, "seed \(seed)")
    }

    @Test func `damaged chunks throw or decode to as many rows, and never trap`() throws {
        var random = SplitMix(seed: 7)
        for _ in 0..<200 {
            let rows = Int.random(in: 2...40, using: &random)
            let bytes = Chunk.encode((0..<5).map { _ in randomColumn(rows, &random) }, rowCount: rows)
            for _ in 0..<50 {
                var damaged = bytes
                let index = Int.random(in: 0..<bytes.count, using: &random)
                damaged[index] ^= UInt8.random(in: 1...255, using: &random)
                #expect(!isIntact(damaged))
                guard let opened = try? open(damaged) else { continue }
                for column in 0..<opened.columnCount {
                    var values: [Double] = []
                    if (try? opened.decode(column, into: &values)) != nil {
                        #expect(values.count == opened.rowCount)
                    }
                }
            }
        }
    }
}

/// A column of one of the shapes that metrics have.
func randomColumn(_ rows: Int, _ random: inout SplitMix) -> [Double] {
    var value = Double(Int.random(in: -1000...1_000_000, using: &random))
    let scale = [1, 10, 100, 1e3, 1e6, 1e9].randomElement(using: &random)!
    let shape = Int.random(in: 0..<12, using: &random)
    return (0..<rows).map { row in
        switch shape {
        case 0: break
        case 1: value += Double(Int.random(in: 0...9, using: &random))
        case 2: value += Double(Int.random(in: -500...500, using: &random)) * 4096
        case 3: value = Double.random(in: 0...1, using: &random)
        case 4: if Int.random(in: 0..<20, using: &random) == 0 { value += 1 }
        case 5: value += 15
        case 6:
            if Int.random(in: 0..<8, using: &random) == 0 { return Marker.absent }
            value += 2
        case 7:
            if Int.random(in: 0..<30, using: &random) == 0 { return Marker.stale }
            value -= 1
        case 8: value += Double(Int.random(in: 0...1_000_000, using: &random)) / 1e6
        case 9: value += 1e15 * Double(Int.random(in: -3...9, using: &random))
        case 10:
            if Int.random(in: 0..<40, using: &random) == 0 { return -.infinity }
            return Double.random(in: -1...10, using: &random)
        default: return Double(bitPattern: UInt64.random(in: 0 ... .max, using: &random))
        }
        return shape == 3 || shape == 8 ? value : value / scale
    }
}

/// A generator that gives the same numbers for a seed everywhere.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
