/// What never fell or never rose, and mostly moved: a counter, a disk that fills. Its changes are what can be foreseen.
enum MonotoneSeries {
    /// Fewer values may be in order by chance.
    static let leastValues = 24
    /// The share of the steps at which it has to move: one that stands still and jumps has levels.
    static let leastMoving = 0.5

    /// The changes from value to value, nil where they go both ways.
    static func changes(_ series: RegularSeries) -> RegularSeries? {
        let values = series.values
        guard values.count >= leastValues else { return nil }
        let changes = zip(values.dropFirst(), values).map { $0 - $1 }
        guard changes.allSatisfy({ $0 >= 0 }) || changes.allSatisfy({ $0 <= 0 }),
            Double(changes.count { $0 != 0 }) >= leastMoving * Double(changes.count)
        else { return nil }
        return RegularSeries(changes, believesEnd: true)
    }

    /// How far it has come after each of the changes.
    static func summed(_ changes: [Double]) -> [Double] {
        var sum = 0.0
        return changes.map { change in
            sum += change
            return sum
        }
    }
}
