import Glibc
import Testing

@testable import Forecasting

struct PathIntervalsTests {
    /// Paths of errors around 100 and a bias: of each its own noise and, as a share of the whole, what all of it has in
    /// common.
    private func outcomes(
        _ paths: Int, _ steps: Int, inCommon share: Double = 0, growing: Double = 0, bias: Double = 0,
        seed: UInt64 = 1
    ) -> [[PathIntervals.Outcome]] {
        var source = Synthetic(seed: seed)
        var all = [[PathIntervals.Outcome]](repeating: [], count: steps)
        for _ in 0..<paths {
            let common = share.squareRoot() * source.normal()
            for step in 0..<steps {
                let error = common + (1 - share).squareRoot() * source.normal()
                let scale = pow(Double(step + 1), growing)
                all[step].append(PathIntervals.Outcome(actual: 100 + bias + scale * error, forecast: 100))
            }
        }
        return all
    }

    private func width(_ intervals: PathIntervals, at step: Int) throws -> Double {
        let series = try #require(RegularSeries([-1, 0, 1]))
        return intervals.quantile(0.9, at: step, around: 100, in: series)
            - intervals.quantile(0.1, at: step, around: 100, in: series)
    }

    @Test
    func `independent errors are taken at their word, and such that come in common are not`() throws {
        let apart = PathIntervals(outcomes(40, 64), independent: 2, unrest: 0)
        let common = PathIntervals(outcomes(40, 64, inCommon: 0.95), independent: 2, unrest: 0)

        #expect((2.3...2.9).contains(try width(apart, at: 30)))
        #expect(try width(common, at: 30) > 3.1)
    }

    @Test
    func `few windows in which forecasts were too high move the median little, and many all the way`() throws
    {
        let few = PathIntervals(outcomes(40, 64, inCommon: 0.95, bias: -2), independent: 2, unrest: 0)
        let many = PathIntervals(outcomes(40, 64, inCommon: 0.95, bias: -2), independent: 200, unrest: 0)
        let series = try #require(RegularSeries([-1, 0, 1]))

        #expect((98.7...99.7).contains(few.quantile(0.5, at: 30, around: 100, in: series)))
        #expect((97.6...98.4).contains(many.quantile(0.5, at: 30, around: 100, in: series)))
    }

    @Test
    func `a floor that a series returned to each time is within its lower quantiles`() throws {
        let outcomes = outcomes(40, 64).map { step in
            step.map { _ in PathIntervals.Outcome(actual: 90, forecast: 100) }
        }
        let intervals = PathIntervals(outcomes, independent: 2, unrest: 0)
        let series = try #require(RegularSeries([-1, 0, 1]))

        #expect(intervals.quantile(0.1, at: 30, around: 100, in: series) <= 90)
        #expect(intervals.quantile(0.5, at: 30, around: 100, in: series) > 92)
    }

    @Test
    func `a restless series has wider intervals until many windows show it`() throws {
        let calm = PathIntervals(outcomes(40, 64), independent: 2, unrest: 0)
        let restless = PathIntervals(outcomes(40, 64), independent: 2, unrest: 0.4)
        let long = PathIntervals(outcomes(40, 64), independent: 40, unrest: 0.4)

        #expect(try width(restless, at: 30) > 1.25 * width(calm, at: 30))
        #expect(try width(long, at: 30) < 1.1 * width(calm, at: 30))
    }

    @Test
    func `beyond the steps of the backtest intervals go on growing as they grew, and else stay`() throws {
        let walk = PathIntervals(outcomes(200, 64, growing: 0.5), independent: 20, unrest: 0)
        let noise = PathIntervals(outcomes(200, 64), independent: 20, unrest: 0)

        #expect((1.6...2.2).contains(try width(walk, at: 255) / width(walk, at: 63)))
        #expect((1...1.2).contains(try width(noise, at: 255) / width(noise, at: 63)))
    }

    @Test
    func `unrest is how much the size of changes differs from window to window`() {
        var source = Synthetic(seed: 5)
        let steady = source.noise(4800)
        let bursts = steady.enumerated().map { $1 * ($0 / 480 % 2 == 0 ? 1 : 8) }

        #expect(PathIntervals.unrest(steady, lag: 24, width: 48) < 0.03)
        #expect(PathIntervals.unrest(bursts, lag: 24, width: 48) > 0.5)
        #expect(PathIntervals.unrest(Array(steady.prefix(100)), lag: 24, width: 48) == 0.15)
        #expect(PathIntervals.unrest([Double](repeating: 3, count: 480), lag: 24, width: 48) == 0.15)
    }
}

struct QuantileTests {
    @Test
    func `selection finds what sorting finds`() {
        var source = Synthetic(seed: 7)
        for count in [1, 2, 3, 10, 101, 400] {
            // Many are equal.
            let numbers = (0..<count).map { _ in (source.normal() * 8).rounded() }
            let sorted = numbers.sorted()
            for index in stride(from: 0, to: count, by: max(1, count / 9)) {
                var moved = numbers
                #expect(Quantile.select(index, of: &moved) == sorted[index])
                #expect(moved.sorted() == sorted)
            }
            #expect(Quantile.median(numbers) == (sorted[(count - 1) / 2] + sorted[count / 2]) / 2)
        }
        #expect(Quantile.median([]) == 0)
        for quantile in [0.0, 0.1, 0.5, 0.95, 0.999] {
            let numbers = (0..<97).map { Double(($0 * 31) % 89) }
            var moved = numbers
            #expect(Quantile.of(&moved, quantile) == Quantile.ofSorted(numbers.sorted(), quantile))
        }
    }

    @Test
    func `a weight that is taken off later is as one that never was there`() {
        var source = Synthetic(seed: 8)
        let rows = source.noise(300)
        let targets: [Double] = (0..<60).map { row in
            let wild: Double = row % 20 == 0 ? 500 : 0
            return rows[5 * row] - 2 * rows[5 * row + 3] + wild
        }

        var moments = Moments(rows: rows, width: 5, targets: targets)
        for row in stride(from: 0, to: 60, by: 20) { moments.add(row, weight: -1) }
        let kept = (0..<60).filter { $0 % 20 != 0 }
        let keptRows = kept.flatMap { rows[5 * $0..<5 * $0 + 5] }
        let clean = Moments(rows: keptRows, width: 5, targets: kept.map { targets[$0] })

        #expect(moments.total == clean.total)
        #expect(zip(moments.covariances, clean.covariances).allSatisfy { abs($0 - $1) < 1e-9 })
        #expect(zip(moments.effects, clean.effects).allSatisfy { abs($0 - $1) < 1e-9 })
        #expect(
            abs(moments.targetMean - clean.targetMean) < 1e-9 && abs(moments.mean(3) - clean.mean(3)) < 1e-9)
    }
}
