import Forecasting
import Testing

struct DecompositionTests {
    /// Cycles of 24 with a ramp and noise that repeats nothing.
    private static func series(_ count: Int, slope: Double = 0.05, noise: Double = 1) -> [Double] {
        var state: UInt64 = 7
        return (0..<count).map { index in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let chance = Double(state >> 33) / Double(1 << 31) - 0.5
            let phase = index % 24
            let season = phase < 12 ? Double(phase) : Double(24 - phase)
            return 100 + slope * Double(index) + 4 * season + 2 * noise * chance
        }
    }

    @Test func `trend, season and what is left are told apart`() throws {
        let parts = try #require(Decomposition(Self.series(24 * 20), stepSeconds: 3600, reach: 1))

        #expect(parts.periods == [24])
        #expect(abs(parts.slope - 0.05) < 0.005)
        // The season of 0 to 48 has a mean of 24.
        #expect(abs(parts.trend(at: 479) - (100 + 0.05 * 479 + 24)) < 1.5)
        #expect(abs(parts.season(at: 480 + 12) - 24) < 1.5)
        #expect(abs(parts.season(at: 480) + 24) < 1.5)
        #expect(parts.spread > 0.2 && parts.spread < 2)
    }

    @Test func `a tenth of wild values moves neither trend nor season much`() throws {
        var values = Self.series(24 * 20)
        for index in stride(from: 5, to: values.count, by: 10) { values[index] += 500 }

        let parts = try #require(Decomposition(values, stepSeconds: 3600, reach: 1))

        #expect(abs(parts.slope - 0.05) < 0.05)
        #expect(abs(parts.trend(at: 479) - (100 + 0.05 * 479 + 24)) < 60)
    }

    @Test func `usual values score low and a jump scores high`() throws {
        let all = Self.series(24 * 20 + 24)
        let parts = try #require(Decomposition(Array(all.prefix(480)), stepSeconds: 3600, reach: 1))

        for index in 480..<504 { #expect(abs(parts.score(all[index], at: index)) < 6, "\(index)") }
        #expect(parts.score(all[490] + 40, at: 490) > 15)
        #expect(parts.score(all[490] - 40, at: 490) < -15)
    }

    @Test func `whatever differs from what never changed is infinitely unusual`() throws {
        let parts = try #require(Decomposition([Double](repeating: 5, count: 100), reach: 1))

        #expect(parts.score(5, at: 100) == 0)
        #expect(parts.score(6, at: 100) == .infinity)
        #expect(parts.score(4, at: 100) == -.infinity)
    }

    @Test func `gaps are bridged and too little is refused`() throws {
        var values = Self.series(24 * 20)
        for index in stride(from: 0, to: values.count, by: 7) { values[index] = .nan }
        let parts = try #require(Decomposition(values, stepSeconds: 3600, reach: 1))

        #expect(abs(parts.trend(at: 479) - (100 + 0.05 * 479 + 24)) < 2)
        #expect(Decomposition([1, 2, 3], reach: 1) == nil)
        #expect(Decomposition([Double](repeating: .nan, count: 50), reach: 1) == nil)
    }
}
