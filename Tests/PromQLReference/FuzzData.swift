package import PromQL
import TimeSeries

/// Random series: counters with resets, gauges, classic and native histograms, series that are now one and now the
/// other, gaps, stale markers, a few values that are no numbers.
package struct FuzzData {
    package private(set) var reference: [ReferenceSeries] = []
    package private(set) var source = ArraySource()
    /// How long the series are, in milliseconds.
    package static let length: Int64 = 900_000

    package init(_ random: inout SeededGenerator) {
        for metric in ["m0", "m1", "m2", "h0", "h1", "x0"] {
            // Series of one target share their times.
            for a in ["x", "y", "z"] where !metric.hasPrefix("h") || a != "z" {
                let times = FuzzData.times(&random)
                for b in ["p", "q"] where !random.chance(0.2) {
                    add(
                        ["__name__": metric, "a": a, "b": b], times,
                        FuzzData.values(metric, times.count, &random))
                }
            }
        }
        for a in ["x", "y"] {
            let times = FuzzData.times(&random)
            for (le, values) in FuzzData.buckets(times.count, &random) {
                add(["__name__": "c_bucket", "a": a, "le": le], times, values)
            }
        }
        for target in [["instance": "i", "job": "v"], ["instance": "i", "job": "w"], ["instance": "j"]] {
            let times = FuzzData.times(&random)
            for b in ["p", "q"] {
                let labels = target.merging(["__name__": "j0", "b": b]) { $1 }
                add(labels, times, FuzzData.values("m0", times.count, &random))
            }
            addInfo(target, &random)
        }
    }

    /// Info metrics of a target: one that changes its labels over time, and others of the same or other labels.
    private mutating func addInfo(_ target: [String: String], _ random: inout SeededGenerator) {
        let change = Int64.random(in: 0...FuzzData.length, using: &random)
        let team = random.pick(["s", "t"])
        for version in ["1", "2"] where !random.chance(0.1) {
            let isWhole = random.chance(0.02)
            let times = FuzzData.times(&random).filter {
                isWhole || (version == "1" ? $0 < change : $0 >= change)
            }
            add(
                target.merging(["__name__": "target_info", "version": version, "team": team, "b": "r"]) {
                    $1
                },
                times, FuzzData.values("info", times.count, &random))
        }
        let times = FuzzData.times(&random)
        if random.chance(0.7) {
            let team = random.chance(0.05) ? "u" : team
            add(
                target.merging(["__name__": "build_info", "revision": "5", "team": team]) { $1 }, times,
                FuzzData.values("info", times.count, &random))
        }
        if random.chance(0.05) {
            add(
                target.merging(["__name__": "odd_info", "shape": "6"]) { $1 }, times,
                FuzzData.values("x0", times.count, &random))
        }
    }

    private mutating func add(_ labels: [String: String], _ times: [Int64], _ values: [Value]) {
        var floats: [Double] = []
        var histograms: [Int: FloatHistogram] = [:]
        var samples: [ReferenceSeries.Sample] = []
        for (index, value) in values.enumerated() {
            switch value {
            case .float(let number):
                floats.append(number)
                samples.append((times[index], .float(number)))
            case .histogram(let histogram):
                floats.append(histogram.count)
                histograms[index] = histogram
                samples.append((times[index], .histogram(ReferenceHistogram(histogram))))
            }
        }
        reference.append(ReferenceSeries(labels: labels, samples: samples))
        source.append(
            SeriesColumns(
                labels: Labels(labels), times: TimeColumn(times), values: floats,
                histograms: histograms.isEmpty ? nil : histograms))
    }

    private enum Value {
        case float(Double)
        case histogram(FloatHistogram)
    }

    private static func times(_ random: inout SeededGenerator) -> [Int64] {
        var times: [Int64] = []
        var time = Int64.random(in: 0..<30_000, using: &random)
        while time < length {
            times.append(time)
            time += random.chance(0.03) ? 400_000 : 15_000 + (random.chance(0.3) ? 7 : 0)
        }
        return times
    }

    private static func values(_ metric: String, _ count: Int, _ random: inout SeededGenerator) -> [Value] {
        var values: [Value] = []
        var counter = 0.0
        var observed: [Double] = []
        let schema = Int.random(in: 0...2, using: &random)
        for index in 0..<count {
            counter = random.chance(0.05) ? 0 : counter + Double(Int.random(in: 0..<8, using: &random))
            if random.chance(0.05) { observed = [] }
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                observed.append(Double(Int.random(in: -40..<160, using: &random)) / 16)
            }
            switch metric {
            case _ where random.chance(0.02): values.append(.float(Marker.stale))
            case "m1" where random.chance(0.02):
                values.append(.float(random.pick([.nan, .infinity, -.infinity])))
            case "m0": values.append(.float(counter))
            case "info": values.append(.float(1))
            case "m1": values.append(.float(Double(Int.random(in: -20..<20, using: &random))))
            case "h0", "x0":
                if metric == "x0", random.chance(0.3) {
                    values.append(.float(counter))
                } else {
                    // A finer or coarser one now and then, as when a client changes.
                    let schema = random.chance(0.03) ? (schema + 1) % 3 : schema
                    values.append(.histogram(exponential(observed, schema: schema)))
                }
            case "h1": values.append(.histogram(custom(observed)))
            // No two alike, so that the order of topk is determined.
            default:
                values.append(
                    .float(
                        Double(Int.random(in: 0..<100, using: &random) * 1000 + index % 1000)
                            + Double.random(in: 0..<1, using: &random)))
            }
        }
        return values
    }

    // MARK: - Histograms

    private static func exponential(_ observed: [Double], schema: Int) -> FloatHistogram {
        var positive: [Int: Double] = [:]
        var negative: [Int: Double] = [:]
        var zero = 0.0
        for value in observed {
            if value.magnitude <= 0.001 {
                zero += 1
            } else if value > 0 {
                positive[index(of: value, schema), default: 0] += 1
            } else {
                negative[index(of: -value, schema), default: 0] += 1
            }
        }
        let (positiveRuns, positiveBuckets) = runs(positive)
        let (negativeRuns, negativeBuckets) = runs(negative)
        return FloatHistogram(
            schema: Int32(schema), zeroThreshold: 0.001, zeroCount: zero, count: Double(observed.count),
            sum: observed.reduce(0, +), positiveRuns: positiveRuns, negativeRuns: negativeRuns,
            positiveBuckets: positiveBuckets, negativeBuckets: negativeBuckets)
    }

    /// The bucket that ends at or above a value.
    private static func index(of value: Double, _ schema: Int) -> Int {
        var index = -64
        // 2 to the power of 1/4, 1/2 and 1.
        let base = [2, 1.4142135623730951, 1.1892071150027210][schema]
        var upper = 1 / (schema == 0 ? 0x1p64 : schema == 1 ? 0x1p32 : 0x1p16)
        while upper < value, index < 64 {
            index += 1
            upper *= base
        }
        return index
    }

    private static func runs(_ buckets: [Int: Double]) -> ([FloatHistogram.BucketRun], [Double]) {
        var runs: [FloatHistogram.BucketRun] = []
        var counts: [Double] = []
        var end = 0
        for (index, count) in buckets.sorted(by: { $0.key < $1.key }) {
            if index == end, var last = runs.last {
                last.length += 1
                runs[runs.count - 1] = last
            } else {
                runs.append(.init(offset: Int32(index - end), length: 1))
            }
            counts.append(count)
            end = index + 1
        }
        return (runs, counts)
    }

    private static func custom(_ observed: [Double]) -> FloatHistogram {
        let bounds = [-1, 0.5, 2, 5.0]
        var counts = [Double](repeating: 0, count: bounds.count + 1)
        for value in observed { counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1 }
        let buckets = Dictionary(
            uniqueKeysWithValues: counts.enumerated().filter { $0.element > 0 }.map {
                ($0.offset, $0.element)
            })
        let (positiveRuns, positiveBuckets) = runs(buckets)
        return FloatHistogram(
            schema: FloatHistogram.customBucketsSchema, count: Double(observed.count),
            sum: observed.reduce(0, +), positiveRuns: positiveRuns, positiveBuckets: positiveBuckets,
            customBounds: bounds)
    }

    /// Cumulative counters by upper bound.
    private static func buckets(
        _ count: Int, _ random: inout SeededGenerator
    ) -> [(le: String, values: [Value])] {
        let bounds = ["0.5", "2", "5", "+Inf"]
        var columns = [[Value]](repeating: [], count: bounds.count)
        var counters = [Double](repeating: 0, count: bounds.count)
        for _ in 0..<count {
            if random.chance(0.03) { counters = counters.map { _ in 0 } }
            var added = 0.0
            for index in bounds.indices {
                added += Double(Int.random(in: 0..<5, using: &random))
                counters[index] += added
                columns[index].append(.float(counters[index]))
            }
        }
        return zip(bounds, columns).map { (le: $0, values: $1) }
    }
}
