/// What never fell or never rose, and mostly moved: a counter, a disk that fills. Its changes are what can be foreseen.
/// A counter may have been reset now and then, as each restart of its process does.
enum MonotoneSeries {
    /// Fewer values may be in order by chance.
    static let leastValues = 24
    /// The share of the steps at which it has to move: one that stands still and jumps has levels.
    static let leastMoving = 0.5

    /// What a counter counted before it was looked at again is no more than so many of its largest increments.
    private static let mostIncrements = 2.0
    /// From so many falls on, whose distances are all this near to their mean, it is filled and emptied by turns.
    private static let fallsOfTurns = 3
    private static let evenness = 0.1

    /// The changes from value to value, nil where they go both ways.
    static func changes(_ series: RegularSeries) -> RegularSeries? {
        let values = series.values
        guard values.count >= leastValues else { return nil }
        var changes = zip(values.dropFirst(), values).map { $0 - $1 }
        for reset in resets(values, changes) { changes[reset] = values[reset + 1] }
        guard changes.allSatisfy({ $0 >= 0 }) || changes.allSatisfy({ $0 <= 0 }),
            Double(changes.count { $0 != 0 }) >= leastMoving * Double(changes.count)
        else { return nil }
        return RegularSeries(changes, believesEnd: true)
    }

    /// At which of the changes a counter began again from nothing.
    private static func resets(_ values: [Double], _ changes: [Double]) -> [Int] {
        let falls = changes.indices.filter { changes[$0] < 0 }
        guard !falls.isEmpty, falls.count <= values.count / leastValues, !areTurns(falls) else { return [] }
        let largest = changes.indices.reduce(0) { largest, index in
            // What follows a fall may be the return from a value that was none.
            index > 0 && changes[index - 1] < 0 ? largest : max(largest, changes[index])
        }
        let isCounter = falls.allSatisfy { fall in
            let after = [values[fall + 1]] + changes[(fall + 1)...].prefix(1)
            return after.allSatisfy { 0 <= $0 && $0 <= mostIncrements * largest }
        }
        return isCounter ? falls : []
    }

    private static func areTurns(_ falls: [Int]) -> Bool {
        guard falls.count >= fallsOfTurns else { return false }
        let distances = zip(falls.dropFirst(), falls).map { Double($0 - $1) }
        let mean = distances.reduce(0, +) / Double(distances.count)
        return distances.allSatisfy { abs($0 - mean) <= evenness * mean }
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
