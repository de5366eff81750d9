import Glibc
import Testing

@testable import Forecasting

/// What is taken out of a history before models see it.
struct LevelShiftTests {
    private func week(_ count: Int, seed: UInt64 = 1, noise: Double = 3) -> [Double] {
        var source = Synthetic(seed: seed)
        return source.wave(count, period: 24, noise: noise).enumerated().map { index, value in
            index / 24 % 7 >= 5 ? value * 0.6 : value
        }
    }

    private func shifts(_ values: [Double], _ periods: [Int] = [24, 168]) throws -> [LevelShift] {
        LevelShifts.aligned(try #require(RegularSeries(values)), periods: periods).shifts
    }

    @Test(arguments: [3, 5, 12, 20], [0.5, 1.6])
    func `a level that changed is found at the hour, and what was before is moved to it`(
        days: Int, ratio: Double
    ) throws {
        let plain = week(24 * 7 * 6)
        let change = plain.count - 24 * days - 7
        let values = plain.enumerated().map { $0 >= change ? $1 * ratio : $1 }

        let found = LevelShifts.aligned(try #require(RegularSeries(values)), periods: [24, 168])

        #expect(found.shifts.count == 1)
        let shift = try #require(found.shifts.first)
        #expect(abs(shift.index - change) <= 2, "\(shift.index - change)")
        #expect(shift.isMultiplicative && abs(exp(shift.size) / ratio - 1) < 0.08)
        #expect((0..<change - 2).allSatisfy { abs(found.values[$0] / (plain[$0] * ratio) - 1) < 0.1 })
    }

    @Test
    func `weekends, two quiet days, a drift and a random walk are no change of level`() throws {
        let plain = week(24 * 7 * 6)
        let holiday = plain.enumerated().map { $0 / 24 == 39 || $0 / 24 == 40 ? $1 * 0.4 : $1 }
        let drift = plain.enumerated().map { $1 * (1 + Double($0) / 1000) }
        var source = Synthetic(seed: 4)
        var level = 500.0
        let walk = source.noise(24 * 42, deviation: 4).map { step in
            level += step
            return level
        }

        #expect(try shifts(plain).isEmpty)
        #expect(try shifts(plain, [24]).isEmpty)
        #expect(try shifts(holiday).isEmpty)
        #expect(try shifts(drift).isEmpty)
        #expect(try shifts(walk).isEmpty)
        #expect(try shifts([Double](repeating: 5, count: 500)).isEmpty)
    }

    @Test
    func `a bump of some steps is none either where the season is short`() throws {
        var source = Synthetic(seed: 6)
        let values = source.noise(4000).enumerated().map { $1 + 50 + (1800..<1830 ~= $0 ? 80 : 0) }

        #expect(try shifts(values, [2]).isEmpty)
    }

    @Test
    func `the week goes on at the new level, and the forecast says so`() throws {
        let plain = week(24 * 7 * 7)
        let known = plain.count - 24 * 7
        let change = known - 24 * 4
        let values = plain.enumerated().map { $0 >= change ? $1 * 2 : $1 }

        let forecast = try #require(PathForecaster(Array(values[..<known]), periods: [24, 168]))
            .forecast(horizon: 24 * 7, quantiles: [])
        var error = 0.0
        var total = 0.0
        for step in 0..<24 * 7 {
            error += abs(values[known + step] - forecast.mean[step])
            total += values[known + step]
        }

        #expect(error / total < 0.07, "\(error / total)")
        #expect(forecast.model.contains(", level x "))
    }
}

/// Changes of level that hardly a cycle lies after, and what is not yet one.
struct RecentShiftTests {
    private func wave(_ count: Int, seed: UInt64 = 3) -> [Double] {
        var source = Synthetic(seed: seed)
        return source.wave(count, period: 24, noise: 3)
    }

    private func shifts(_ values: [Double]) throws -> [LevelShift] {
        LevelShifts.aligned(try #require(RegularSeries(values)), periods: [24]).shifts
    }

    @Test(arguments: [6, 12, 24, 48], [0.5, 2])
    func `the day goes on at a level that changed hours ago`(hours: Int, ratio: Double) throws {
        let values = wave(24 * 26).enumerated().map { $0 >= 24 * 25 - hours ? $1 * ratio : $1 }

        let forecast = try #require(PathForecaster(Array(values[..<(24 * 25)]), periods: [24]))
            .forecast(horizon: 24, quantiles: [0.1, 0.9])
        var error = 0.0
        var total = 0.0
        var inside = 0
        for step in 0..<24 {
            let actual = values[24 * 25 + step]
            error += abs(actual - forecast.mean[step])
            total += actual
            if forecast.quantiles[0].values[step]...forecast.quantiles[1].values[step] ~= actual {
                inside += 1
            }
        }

        #expect(error / total < 0.1, "\(error / total)")
        #expect(inside >= 12, "\(inside)")
    }

    @Test
    func `a change is added or scales, whichever is more even`() throws {
        let plain = wave(24 * 25)
        let added = try shifts(plain.enumerated().map { $0 >= 24 * 24 ? $1 + 200 : $1 })
        let scaled = try shifts(plain.enumerated().map { $0 >= 24 * 24 ? $1 * 3 : $1 })

        #expect(added.count == 1 && scaled.count == 1)
        #expect(added.allSatisfy { !$0.isMultiplicative && abs($0.size - 200) < 5 })
        #expect(scaled.allSatisfy { $0.isMultiplicative && abs(exp($0.size) - 3) < 0.2 })
    }

    @Test
    func `what passed again before, what lasts two steps, and a weekend are no change`() throws {
        let plain = wave(24 * 25)
        let burst = plain.enumerated().map {
            24 * 20..<24 * 20 + 12 ~= $0 || $0 >= 24 * 25 - 12 ? $1 * 2 : $1
        }
        let brief = plain.enumerated().map { $0 >= 24 * 25 - 2 ? $1 * 2 : $1 }
        let weekend = wave(24 * 28).enumerated().map { $0 / 24 % 7 >= 5 ? $1 / 2 : $1 }

        #expect(try shifts(burst).isEmpty)
        #expect(try shifts(brief).isEmpty)
        #expect(try shifts(weekend).isEmpty)
    }

    @Test(arguments: [0.0, 1e-6])
    func `after a long time at nothing only what came since says how values scatter`(nothing: Double) throws {
        var source = Synthetic(seed: 8)
        let values = (0..<700).map { $0 < 680 ? nothing * abs(source.normal()) : 100 + 5 * source.normal() }

        let forecast = try #require(PathForecaster(values)).forecast(horizon: 24, quantiles: [0.1, 0.9])

        #expect(forecast.mean.allSatisfy { abs($0 - 100) < 8 })
        #expect(forecast.quantiles[0].values.allSatisfy { 70..<97 ~= $0 })
        #expect(forecast.quantiles[1].values.allSatisfy { 103..<125 ~= $0 })
    }

    @Test
    func `five values a thousand times as large as ever are believed`() throws {
        var source = Synthetic(seed: 5)
        let values = (0..<700).map { $0 < 695 ? 0.01 * exp(source.normal()) : 100 + 5 * source.normal() }

        let forecast = try #require(PathForecaster(values)).forecast(horizon: 24, quantiles: [])

        #expect(forecast.mean.allSatisfy { 80..<120 ~= $0 }, "\(forecast.mean)")
    }

    @Test(arguments: [[1000], [0], [1000, 900]])
    func `one or two last values as never before hardly move a forecast`(last: [Double]) throws {
        var source = Synthetic(seed: 7)
        let plain = source.noise(300, deviation: 5).map { $0 + 100 }
        let wave = wave(24 * 40)
        func error(_ values: [Double], _ periods: [Int]) throws -> Double {
            func mean(_ values: [Double]) throws -> [Double] {
                try #require(PathForecaster(values, periods: periods)).forecast(horizon: 24, quantiles: [])
                    .mean
            }
            let spoilt = try mean(values.dropLast(last.count) + last)
            return zip(spoilt, try mean(values)).reduce(0) { $0 + abs($1.0 - $1.1) } / 24
        }

        #expect(try error(plain, []) < 5)
        #expect(try error(wave, [24]) < 2.5)
    }
}

struct SpecialDaysTests {
    /// The first of January 2024, a Monday.
    private let start = 1_704_067_200.0

    /// Hours of a day, less on weekends, times what `factor` says of the day by month, day and number.
    private func hours(_ days: Int, _ factor: (Int, Int, Int) -> Double) -> [Double] {
        var source = Synthetic(seed: 3)
        return source.wave(24 * days, period: 24, noise: 2).enumerated().map { index, value in
            let day = index / 24
            let date = SpecialDays.monthAndDay(19_723 + day)
            return value * (day % 7 >= 5 ? 0.6 : 1) * factor(date.month, date.day, day)
        }
    }

    private func ratio(_ values: [Double], _ days: Int, until known: Int, on day: Int) throws -> Double {
        let forecast = try #require(
            PathForecaster(
                Array(values[..<(24 * known)]), stepSeconds: 3600, startSeconds: start, periods: [24, 168])
        ).forecast(horizon: 24 * (days - known), quantiles: [])
        let first = 24 * (day - known)
        let hours = first..<first + 24
        return forecast.mean[hours].reduce(0, +) / values[(24 * day)..<(24 * day + 24)].reduce(0, +)
    }

    @Test
    func `the calendar is Gregorian`() {
        #expect(SpecialDays.monthAndDay(0) == (1, 1))
        #expect(SpecialDays.monthAndDay(19_723) == (1, 1))
        #expect(SpecialDays.monthAndDay(19_723 + 59) == (2, 29))
        #expect(SpecialDays.monthAndDay(19_723 + 365) == (12, 31))
        #expect(SpecialDays.monthAndDay(-1) == (12, 31))
    }

    @Test
    func `the first of the month is foreseen where it was special in every month`() throws {
        // Known up to the 27th of June.
        let values = hours(190) { _, day, _ in day == 1 ? 1.8 : 1 }

        #expect((0.8...1.15).contains(try ratio(values, 185, until: 178, on: 182)))
        #expect((0.9...1.1).contains(try ratio(values, 185, until: 178, on: 183)))
    }

    @Test
    func `so is the last day, whatever its number`() throws {
        let values = hours(190) { month, day, _ in
            [1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30][month] == day ? 0.5 : 1
        }

        #expect((0.85...1.25).contains(try ratio(values, 185, until: 178, on: 181)))
    }

    @Test
    func `what happened in some months only is no effect of the calendar`() throws {
        let values = hours(150) { month, day, _ in day == 15 && month % 2 == 0 ? 1.8 : 1 }
        let days = try #require(SpecialDays(values, stepSeconds: 3600, startSeconds: start))

        #expect(days.effects.isEmpty)
        #expect(days.factor(at: 24 * 14) == 1)
    }

    @Test
    func `a public holiday is taken out where the weeks after such days were as ever`() throws {
        let plain = hours(90) { _, _, _ in 1 }
        let values = hours(90) { _, _, day in [30, 52, 86].contains(day) ? 0.3 : 1 }
        let lone = hours(90) { _, _, day in day == 86 ? 0.3 : 1 }
        let known = try #require(SpecialDays(values, stepSeconds: 3600, startSeconds: start))
        let unknown = try #require(SpecialDays(lone, stepSeconds: 3600, startSeconds: start))

        #expect(known.exceptions.keys.sorted() == [30, 52, 86])
        #expect(zip(known.removed(from: values), plain).allSatisfy { abs($0 / $1 - 1) < 0.1 })
        // The first of its kind may be the new rule: nothing in the series says otherwise yet.
        #expect(unknown.exceptions.isEmpty)
        #expect(unknown.removed(from: lone) == lone)
    }

    @Test
    func `days are unknown without a date, with an odd step or values at zero`() {
        let values = hours(60) { _, _, _ in 1 }

        #expect(SpecialDays(values, stepSeconds: 3600, startSeconds: nil) == nil)
        #expect(SpecialDays(values, stepSeconds: 3600, startSeconds: 0) == nil)
        #expect(SpecialDays(values, stepSeconds: 57, startSeconds: start) == nil)
        #expect(SpecialDays(values.map { $0 - values[0] }, stepSeconds: 3600, startSeconds: start) == nil)
        #expect(SpecialDays(values, stepSeconds: 3600, startSeconds: start) != nil)
    }

    @Test
    func `gaps and a wild value change little`() throws {
        var values = hours(60) { _, _, _ in 1 }
        let plain = values
        for index in 500..<512 { values[index] = .nan }
        values[700] = 1e9
        values[900] = .infinity

        let clean = try #require(PathForecaster(plain, stepSeconds: 3600)).forecast(
            horizon: 48, quantiles: [])
        let marred = try #require(PathForecaster(values, stepSeconds: 3600)).forecast(
            horizon: 48, quantiles: [])

        #expect(zip(clean.mean, marred.mean).allSatisfy { abs($0 / $1 - 1) < 0.1 })
    }
}
