import Glibc
import Testing

@testable import Forecasting

struct PathForecasterTests {
    @Test
    func `a noisy wave goes on`() throws {
        var source = Synthetic(seed: 1)
        let values = source.wave(24 * 20, period: 24, noise: 3)

        let forecast = try #require(PathForecaster(values)).forecast(horizon: 48, quantiles: [0.1, 0.9])

        #expect(forecast.isTrusted)
        #expect(forecast.relativeError < 0.95)
        for step in 0..<48 {
            let truth = 100 + 50 * sin(2 * .pi * Double(24 * 20 + step) / 24)
            #expect(abs(forecast.mean[step] - truth) < 6)
            #expect(forecast.quantiles[0].values[step] < forecast.quantiles[1].values[step])
        }
    }

    @Test
    func `a point forecast is what could be recorded, and quantiles lie between`() throws {
        var source = Synthetic(seed: 1)
        let values = source.wave(24 * 20, period: 24, noise: 3).map { ($0 * 2).rounded() / 2 + 0.25 }

        let forecast = try #require(PathForecaster(values)).forecast(horizon: 48, quantiles: [0.9])

        #expect(forecast.mean.allSatisfy { abs($0 * 2 - 0.5 - ($0 * 2 - 0.5).rounded()) < 1e-6 })
        #expect(forecast.quantiles[0].values.contains { abs($0 * 2 - 0.5 - ($0 * 2 - 0.5).rounded()) > 0.1 })
    }

    @Test
    func `a point forecast lies between its quantiles, however it is rounded`() throws {
        let values = (0..<200).map { (100 + 50 * sin(2 * .pi * Double($0) / 12.3)).rounded() }

        let forecast = try #require(PathForecaster(values)).forecast(horizon: 24, quantiles: [0.1, 0.9])

        let quantiles = zip(forecast.quantiles[0].values, forecast.quantiles[1].values)
        for (point, (low, high)) in zip(forecast.mean, quantiles) {
            #expect(low <= point && point <= high)
            #expect(abs(point - point.rounded()) < 1e-6)
        }
    }

    @Test
    func `the resolution of a recording is found where it matters`() throws {
        let tenths = (0..<200).map { 20 + Double($0 * 7 % 90) / 10 }
        let pages = (0..<200).map { 100 + 4096 * Double($0 * 7 % 90) }
        var source = Synthetic(seed: 1)

        let tenth = try #require(Resolution(tenths + [.nan]))
        #expect(abs(tenth.step - 0.1) < 1e-6)
        #expect(abs(tenth.rounded(21.34) - 21.3) < 1e-6)
        #expect(try #require(Resolution(pages)).rounded(6000) == 100 + 4096)
        // Anything at all; too fine; hardly more than there and not there; nothing.
        #expect(Resolution(source.noise(200)) == nil)
        #expect(Resolution(tenths.map { $0 * 1000 } + [20_000.1]) == nil)
        #expect(Resolution((0..<200).map { Double($0 % 5) }) == nil)
        #expect(Resolution([Double](repeating: 7, count: 200)) == nil)
    }

    @Test
    func `a counter never falls, and is forecast by its changes`() throws {
        var source = Synthetic(seed: 11)
        var sum = 1e6
        let counter = source.wave(24 * 26, period: 24, noise: 5).map { value in
            sum += max(0, value)
            return sum
        }
        let known = Array(counter[..<(24 * 25)])

        let forecast = try #require(PathForecaster(known)).forecast(
            horizon: 24, quantiles: [0.01, 0.1, 0.9])
        let truth = Array(counter[(24 * 25)...])

        #expect(distance(forecast.mean, truth) < 60, "of 100 a step")
        #expect(forecast.model.contains("of changes"))
        for path in [forecast.mean] + forecast.quantiles.map(\.values) {
            #expect(path.allSatisfy { $0 >= known[known.count - 1] })
        }
        let inside = zip(truth, zip(forecast.quantiles[1].values, forecast.quantiles[2].values))
            .count { $1.0...$1.1 ~= $0 }
        #expect(inside >= 12)
    }

    @Test
    func `what runs out is at nothing, and not below`() throws {
        let line = (0..<60).map { 1000 - 15 * Double($0) }

        let forecast = try #require(PathForecaster(line)).forecast(horizon: 30, quantiles: [0.1])

        #expect(abs(forecast.mean[3] - 55) < 0.01)
        #expect(forecast.mean[29] == 0 && forecast.quantiles[0].values[29] == 0)
    }

    @Test
    func `only what moves mostly, and always the same way, is forecast by its changes`() throws {
        func isMonotone(_ values: [Double]) throws -> Bool {
            MonotoneSeries.changes(try #require(RegularSeries(values))) != nil
        }
        let line = (0..<40).map(Double.init)

        #expect(try isMonotone(line) && isMonotone(line.reversed()))
        #expect(try !isMonotone([Double](repeating: 5, count: 40)))
        #expect(try !isMonotone(line.map { $0 < 20 ? 1 : 2 }))
        #expect(try !isMonotone(line.map { $0 == 30 ? 28.5 : $0 }))
        #expect(try !isMonotone(Array(line.prefix(23))))
    }

    @Test(arguments: [[300], [599], [120, 210, 480]])
    func `a counter goes on from where a reset left it`(resets: [Int]) throws {
        var source = Synthetic(seed: 7)
        var counter: [Double] = []
        for index in 0..<624 {
            let increment = max(0, 100 + 30 * sin(2 * .pi * Double(index) / 24) + 3 * source.normal())
            counter.append(resets.contains(index) ? increment : (counter.last ?? 0) + increment)
        }

        let forecast = try #require(PathForecaster(Array(counter.prefix(600))))
            .forecast(horizon: 24, quantiles: [0.05])

        #expect(distance(forecast.mean, Array(counter.suffix(24))) < 50)
        #expect(forecast.quantiles[0].values.allSatisfy { $0 >= counter[599] })
    }

    @Test
    func `what is emptied by turns, or falls to what it has had, is no counter`() throws {
        func isMonotone(_ values: [Double]) throws -> Bool {
            MonotoneSeries.changes(try #require(RegularSeries(values))) != nil
        }
        let line = (0..<200).map { 1 + Double($0) }

        #expect(try isMonotone(line.map { $0 < 90 ? $0 : $0 - 89 }))
        #expect(try !isMonotone(line.map { $0.truncatingRemainder(dividingBy: 40) }))
        #expect(try !isMonotone(line.map { $0 < 90 ? $0 : $0 - 50 }))
        #expect(try !isMonotone(line.map { $0 == 90 ? 0 : $0 }))
    }

    @Test(arguments: [4, 14, 19] as [UInt64])
    func `no quantile lies decades beyond what has been`(seed: UInt64) throws {
        var source = Synthetic(seed: seed)
        let values = (0..<700).map { _ in source.uniform() < 0.05 ? 100 * exp(0.5 * source.normal()) : 0 }
        let largest = values.max() ?? 0

        let forecast = try #require(PathForecaster(values)).forecast(horizon: 24, quantiles: [0.95, 0.99])

        #expect(forecast.quantiles.allSatisfy { $0.values.allSatisfy { $0 <= 4.01 * largest } })
    }

    @Test
    func `the median is the best guess, and the point forecast keeps nearer to the last cycle`() throws {
        var point = 0.0
        var median = 0.0
        for seed in 1...12 {
            var source = Synthetic(seed: UInt64(seed))
            let values = source.wave(24 * 28, period: 24, noise: 8)
            let truth = (0..<48).map { 100 + 50 * sin(2 * .pi * Double($0) / 24) }
            let forecast = try #require(PathForecaster(values)).forecast(horizon: 48, quantiles: [0.5])
            point += distance(forecast.mean, truth)
            median += distance(forecast.quantiles[0].values, truth)
        }

        #expect(median < 0.95 * point, "\(median) beside \(point)")
    }

    @Test(arguments: 1...4)
    func `what grew each day and stands still is at once forecast nearer to its last day`(seed: UInt64) throws
    {
        var source = Synthetic(seed: seed)
        let wave = source.wave(24 * 35, period: 24, noise: 0.2)
        func towards(lastDayOf days: Int, growing grown: Int) throws -> Double {
            let values = (0..<24 * days).map { wave[$0] + 4 * Double(min($0 / 24, grown)) }
            let day = (0..<48).map { values[values.count - 24 + $0 % 24] }
            let forecast = try #require(PathForecaster(values)).forecast(horizon: 48, quantiles: [0.5])
            return distance(forecast.mean, day) / distance(forecast.quantiles[0].values, day)
        }

        let growing = try towards(lastDayOf: 35, growing: 34)
        let still = try towards(lastDayOf: 35, growing: 33)

        #expect(still < 0.95 * growing, "\(still) beside \(growing)")
    }

    @Test
    func `white noise is forecast near its mean, and a random walk is not trusted`() throws {
        var source = Synthetic(seed: 2)
        let noise = source.noise(600).map { $0 + 50 }
        var level = 500.0
        let walk = source.noise(600).map { step in
            level += step
            return level
        }

        let calm = try #require(PathForecaster(noise)).forecast(horizon: 20, quantiles: [])
        let restless = try #require(PathForecaster(walk)).forecast(horizon: 20, quantiles: [])

        #expect(calm.mean.allSatisfy { abs($0 - 50) < 1.5 })
        #expect(!restless.isTrusted)
    }

    @Test
    func `a constant stays, a short series is forecast, gaps are bridged`() throws {
        let constant = try #require(PathForecaster([Double](repeating: 7, count: 100)))
        let short = try #require(PathForecaster((0..<12).map(Double.init)))
        var source = Synthetic(seed: 3)
        var holes = source.wave(480, period: 24, noise: 1)
        for index in stride(from: 0, to: 480, by: 7) { holes[index] = .nan }
        let bridged = try #require(PathForecaster(holes)).forecast(horizon: 24, quantiles: [])

        #expect(constant.forecast(horizon: 5, quantiles: [0.9]).mean == [7, 7, 7, 7, 7])
        #expect(short.forecast(horizon: 3, quantiles: [0.9]).mean.allSatisfy { $0.isFinite })
        #expect(
            bridged.mean.enumerated().allSatisfy { abs($1 - (100 + 50 * sin(2 * .pi * Double($0) / 24))) < 8 }
        )
        #expect(PathForecaster([Double](repeating: .nan, count: 50)) == nil)
    }

    @Test(arguments: [(24, 6), (24, 1), (24, 0), (48, 6)])
    func `an outage of a day just before is not repeated`(missing: Int, before: Int) throws {
        var source = Synthetic(seed: 6)
        var values = source.wave(24 * 40, period: 24, noise: 5)
        let end = values.count - before
        for index in end - missing..<end { values[index] = .nan }

        let forecast = try #require(PathForecaster(values)).forecast(horizon: 24, quantiles: [0.1, 0.9])

        let truth = (0..<24).map { 100 + 50 * sin(2 * .pi * Double($0) / 24) }
        #expect(distance(forecast.mean, truth) < 5)
        let inside = truth.indices.count {
            forecast.quantiles[0].values[$0] < truth[$0] && truth[$0] < forecast.quantiles[1].values[$0]
        }
        #expect(inside >= 22)
    }

    @Test
    func `a gap is filled with the season, at the level of what is beside it`() throws {
        func wave(_ index: Int) -> Double { 100 + 50 * sin(2 * .pi * Double(index) / 24) }
        var values = (0..<240).map { wave($0) + ($0 >= 120 ? 20 : 0) }
        for index in 110..<150 { values[index] = .nan }
        for index in 200..<202 { values[index] = .nan }
        let series = try #require(RegularSeries(values))

        let filled = SeasonalGaps.filled(series, periods: [24])

        #expect(series.gaps == [110..<150, 200..<202])
        for index in 110..<150 {
            #expect(wave(index) - 1 < filled[index] && filled[index] < wave(index) + 21)
        }
        #expect(filled[200..<202] == series.values[200..<202])
        #expect(SeasonalGaps.filled(series, periods: []) == series.values)
    }

    @Test
    func `a series too short for a backtest has quantiles by how far it goes in as many steps`() throws {
        let walk: [Double] = [50, 52, 51, 55, 53, 56, 52, 49, 51, 54, 52]

        let forecast = try #require(PathForecaster(walk)).forecast(horizon: 8, quantiles: [0.1, 0.9])

        #expect(forecast.quantiles[0].values.allSatisfy { $0 < 52 && $0 > 20 })
        #expect(forecast.quantiles[1].values.allSatisfy { $0 > 54 && $0 < 80 })
        for values in [[5.0], [3, 4], [1, 2, 3]] {
            let few = try #require(PathForecaster(values)).forecast(horizon: 2, quantiles: [0.5])
            #expect(!few.isTrusted)
            #expect(few.mean.allSatisfy { $0.isFinite && $0 >= 0 })
        }
    }

    @Test
    func `a series at zero and one that turns negative are survived`() throws {
        var source = Synthetic(seed: 4)
        let zeros = try #require(PathForecaster([Double](repeating: 0, count: 200)))
        let signed = try #require(PathForecaster(source.noise(300)))

        #expect(zeros.forecast(horizon: 4, quantiles: [0.5]).mean == [0, 0, 0, 0])
        #expect(signed.forecast(horizon: 4, quantiles: [0.5]).mean.allSatisfy { $0.isFinite })
    }

    @Test
    func `equal series have equal forecasts, bit for bit`() throws {
        var source = Synthetic(seed: 5)
        let values = source.wave(300, period: 24, noise: 5)

        let first = try #require(PathForecaster(values)).forecast(horizon: 12, quantiles: [0.9])
        let second = try #require(PathForecaster(values)).forecast(horizon: 12, quantiles: [0.9])

        #expect(first == second)
    }
}

struct SeriesFileTests {
    @Test
    func `rows of seconds and values are one series, with gaps where rows are missing`() throws {
        let file = try SeriesFile("t_s,value\n0,1\n60,2\n180,4.5\n", name: "cpu")

        #expect(file.series.count == 1)
        #expect(file.series[0].id == "cpu")
        #expect(file.series[0].stepSeconds == 60)
        #expect(file.series[0].values.map { $0.isNaN ? -1 : $0 } == [1, 2, -1, 4.5])
    }

    @Test
    func `what no second since 1970 is are milliseconds`() throws {
        let file = try SeriesFile("t,y\n1767225600000,1\n1767225660000,2\n1767225780000,4\n", name: "f")

        #expect(file.series[0].stepSeconds == 60)
        #expect(file.series[0].startSeconds == 1_767_225_600)
    }

    @Test
    func `dates are times, with a heading or without`() throws {
        let named = try SeriesFile("ds,y\n2026-01-01,1\n2026-01-02,2\n2026-01-04,4\n", name: "f")
        let bare = try SeriesFile("2026-01-01 00:00:00,1\n2026-01-01 01:00:00,2\n", name: "f")

        #expect(named.series.map(\.id) == ["f"])
        #expect(named.series[0].stepSeconds == 86_400)
        #expect(named.series[0].startSeconds == 1_767_225_600)
        #expect(named.series[0].values.map { $0.isNaN ? -1 : $0 } == [1, 2, -1, 4])
        #expect(bare.series.map(\.stepSeconds) == [3600])
    }

    @Test
    func `each column beside a column of times is a series`() throws {
        let file = try SeriesFile("t_s,web,db\n0,1,5\n60,2,\n120,3,7\n", name: "f")

        #expect(file.series.map(\.id) == ["web", "db"])
        #expect(file.series.map { $0.values.map { $0.isNaN ? -1 : $0 } } == [[1, 2, 3], [5, -1, 7]])
        #expect(file.series.map(\.stepSeconds) == [60, 60])
    }

    @Test
    func `lines of values are series, ragged, quoted or not`() throws {
        let file = try SeriesFile(
            "\"V1\",\"V2\",\"V3\",\"V4\"\n\"H1\",\"5\",\"6\",\"7\"\nH2,1,,\n", name: "m4")

        #expect(file.series.map(\.id) == ["H1", "H2"])
        #expect(file.series.map(\.values) == [[5, 6, 7], [1]])
    }

    @Test
    func `rows of an id, a time and a value are grouped, in the order they come`() throws {
        let file = try SeriesFile("unique_id,ds,y\nH2,1,10\nH1,1,1\nH2,2,20\nH1,3,3\nH2,3,\n", name: "f")

        #expect(file.series.map(\.id) == ["H2", "H1"])
        #expect(file.series.map { $0.values.map { $0.isNaN ? -1 : $0 } } == [[10, 20, -1], [1, 3]])
        #expect(file.series.map(\.startSeconds) == [1, 1])
    }

    @Test
    func `a date may say how far it is from UTC`() {
        #expect(DateText.seconds("2026-03-29T01:30:00+01:00") == DateText.seconds("2026-03-29T00:30:00Z"))
        #expect(DateText.seconds("2026-03-28 22:00:00-05:30") == DateText.seconds("2026-03-29T03:30:00Z"))
        #expect(DateText.seconds("2026-03-29T01:30:00+25:00") == nil)
        #expect(DateText.seconds("2026-03-29T01:30:00+1") == nil)
    }

    @Test(arguments: [
        ("2026-03-29T00:30:00.000Z", 0.0), ("2026-03-29 00:30:00.25", 0.25), ("2026-03-29 00:30:00 UTC", 0),
        ("2026-03-29T02:30:00+0200", 0), ("2026-03-29 01:30:00.5+01", 0.5), ("2026/03/29 00:30", 0),
    ])
    func `a date is read as programs write it`(text: String, more: Double) {
        #expect(DateText.seconds(text) == 1_774_744_200 + more)
    }

    @Test(arguments: [
        "2026-02-29", "2026-04-31", "2026-03-29T00:30:00.", "2026-03-29T00:30:00.x", "03/29/2026",
    ])
    func `what is no day is no date`(text: String) {
        #expect(DateText.seconds(text) == nil)
    }

    @Test(arguments: [
        ([0, 60, 61, 120, 180, 240, 300, 360, 420, 480, 540, 600], 60.0, 11),
        ([0, 60, 119, 181, 240, 299, 361, 420], 60, 8), ([0, 60, 180, 360], 60, 7),
        ([0, 0.5, 1, 1.5], 0.5, 4),
        ([0, 57, 114, 171, 228], 57, 5),
    ])
    func `rows that are late or between two others do not change the step`(
        times: [Double], step: Double, count: Int
    ) throws {
        let rows = times.map { "\($0),1\n" }.joined()
        let series = try #require(try SeriesFile("t_s,v\n" + rows, name: "f").series.first)

        #expect(series.stepSeconds == step)
        #expect(series.values.count == count)
    }

    @Test(arguments: ["value\n1\nnull\n3\n", "1\nN/A\n3\n"])
    func `a value a line is a series`(text: String) throws {
        let series = try SeriesFile(text, name: "f").series

        #expect(series.map(\.id) == ["f"])
        #expect(series[0].values.map { $0.isNaN ? -1 : $0 } == [1, -1, 3])
    }

    @Test
    func `a series that begins with a gap is no header, and quotes keep commas and quotes`() throws {
        let file = try SeriesFile(
            "A,,2,3\r\nB, 1 , 2\r\n\"C, x\",1,NA,3\n\" D \"\"d\"\"\",4\n", name: "f")

        #expect(file.series.map(\.id) == ["A", "B", "C, x", " D \"d\""])
        #expect(
            file.series.map { $0.values.map { $0.isNaN ? -1 : $0 } } == [
                [-1, 2, 3], [1, 2], [1, -1, 3], [4],
            ])
        let forecast = Forecast(mean: [1], quantiles: [], relativeError: 1, isTrusted: true, model: "m")
        let text = SeriesFile.csv(file.series.map { (id: $0.id, forecast: forecast) }, horizon: 1)
        #expect(text.hasSuffix("\"C, x\",mean,1.0\n\" D \"\"d\"\"\",mean,1.0\n"))
    }

    @Test(arguments: [
        ("", "1: the file is empty"), ("t_s,value\n", "1: there are no rows below the header"),
        ("t_s,value\n60,1\n0,2\n", "3: expected ascending seconds or dates, found \"0\""),
        ("id,values\nH1,3,x,5\n", "2: expected a number, found \"x\""),
        (
            "unique_id,ds,y\na,2026-01-01\n",
            "2: expected an id, a time and a value, found 2 fields"
        ),
        ("unique_id,ds,y\na,2,1\nb,1,3\na,1,2\n", "4: expected ascending seconds or dates, found \"1\""),
        (
            "a,1,2,3\nb,1,2\na,4,5,6\n",
            "3: there is a line of \"a\" already; where the first column is no id, it has to be a time, headed t_s"
        ),
        ("t_s;value\n0;1\n", "1: fields are separated by commas, found semicolons between them"),
        ("t_s\tvalue\n0\t1\n", "1: fields are separated by commas, found tabs between them"),
        ("t_s,v\nmonday,1\n", "2: expected ascending seconds or dates, found \"monday\""),
    ])
    func `what is wrong is named with its line`(text: String, message: String) {
        do {
            _ = try SeriesFile(text, name: "f")
            Issue.record("accepted")
        } catch {
            #expect("\(error)" == message)
        }
    }

    @Test
    func `a table has a line a series and quantile`() {
        let forecast = Forecast(
            mean: [1, 2], quantiles: [(quantile: 0.9, values: [3, 4.5])], relativeError: 1, isTrusted: true,
            model: "m")

        #expect(
            SeriesFile.csv([(id: "H1", forecast: forecast)], horizon: 2)
                == "id,quantile,h1,h2\nH1,mean,1.0,2.0\nH1,0.9,3.0,4.5\n")
    }
}
