import PromQL
import TimeSeries

/// Random series: counters with resets, gauges, gaps, stale markers, a few values that are no numbers.
struct FuzzData {
    var reference: [ReferenceSeries] = []
    var source = ArraySource()

    init(_ random: inout SeededGenerator) {
        for metric in ["m0", "m1", "m2"] {
            // Series of one target share their times.
            for a in ["x", "y", "z"] {
                let times = FuzzData.times(&random)
                for b in ["p", "q"] where !random.chance(0.2) {
                    let labels = ["__name__": metric, "a": a, "b": b]
                    let values = FuzzData.values(metric, times.count, &random)
                    reference.append(ReferenceSeries(labels: labels, samples: Array(zip(times, values))))
                    source.append(
                        SeriesColumns(labels: Labels(labels), times: TimeColumn(times), values: values))
                }
            }
        }
    }

    private static func times(_ random: inout SeededGenerator) -> [Int64] {
        var times: [Int64] = []
        var time = Int64.random(in: 0..<30_000, using: &random)
        while time < 1_500_000 {
            times.append(time)
            time += random.chance(0.03) ? 400_000 : 15_000 + (random.chance(0.3) ? 7 : 0)
        }
        return times
    }

    private static func values(_ metric: String, _ count: Int, _ random: inout SeededGenerator) -> [Double] {
        var values: [Double] = []
        var counter = 0.0
        for index in 0..<count {
            counter = random.chance(0.05) ? 0 : counter + Double(Int.random(in: 0..<8, using: &random))
            switch metric {
            case _ where random.chance(0.02): values.append(Marker.stale)
            case "m1" where random.chance(0.02): values.append(random.pick([.nan, .infinity, -.infinity]))
            case "m0": values.append(counter)
            case "m1": values.append(Double(Int.random(in: -20..<20, using: &random)))
            // No two alike, so that the order of topk is determined.
            default:
                values.append(
                    Double(Int.random(in: 0..<100, using: &random) * 1000 + index % 1000)
                        + Double.random(in: 0..<1, using: &random))
            }
        }
        return values
    }
}
