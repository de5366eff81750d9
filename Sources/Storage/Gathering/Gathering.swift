import TimeSeries

/// Which single series become columns of one table: those of one target, as `job` and `instance` name it, whose times are
/// all among the times of one of them. So an import, which comes series by series, is kept as the scrapes that it came
/// from: the times once, the target's labels once, neighbours in one chunk.
struct Gathering {
    /// What becomes one table.
    struct Group {
        /// Ascending; those of each member are among them.
        var times: [Int64]
        /// The numbers of its series.
        var members: [UInt32]
    }

    /// Fewer series stay as they are.
    static let fewestMembers = 4
    /// More make another table: what a table costs once is little to so many.
    static let mostMembers = 4096
    /// Members have at least one sample in so many rows, unless the table is short: where series come and go, most of the
    /// cells of a long table would be empty.
    private static let sparsest = 64
    private static let shortRows = 480
    /// Groups of a target that are tried: series that share their times with no other are told apart soon.
    private static let mostGroups = 32
    /// Times of all lists together beyond which no more are looked at, so that memory is bounded.
    private static let mostTimes = 32 << 20

    /// A list of times and the series that have exactly these.
    private struct List {
        var times: [Int64]
        var members: [UInt32]
    }

    private var lists: [Labels: [[Int64]: [UInt32]]] = [:]
    private var timeCount = 0

    /// Adds a series.
    mutating func add(_ number: UInt32, target: Labels, times: [Int64]) {
        if lists[target]?[times] != nil {
            lists[target]?[times]?.append(number)
        } else if timeCount + times.count <= Self.mostTimes {
            timeCount += times.count
            lists[target, default: [:]][times] = [number]
        }
    }

    /// All groups that are worth a table.
    var groups: [Group] {
        lists.sorted { $0.key < $1.key }.flatMap { Self.groups($0.value) }
            .filter { $0.members.count >= Self.fewestMembers }
    }

    private static func groups(_ lists: [[Int64]: [UInt32]]) -> [Group] {
        var groups: [Group] = []
        // The longest first: what may take others in stands before them.
        let ordered = lists.map { List(times: $0.key, members: $0.value) }.sorted {
            ($1.times.count, $0.members[0]) < ($0.times.count, $1.members[0])
        }
        for list in ordered {
            let home = groups.firstIndex {
                $0.members.count + list.members.count <= mostMembers && takes(list.times, into: $0.times)
            }
            if let home {
                groups[home].members += list.members
            } else if groups.count < mostGroups {
                for start in stride(from: 0, to: list.members.count, by: mostMembers) {
                    let end = min(list.members.count, start + mostMembers)
                    groups.append(Group(times: list.times, members: Array(list.members[start..<end])))
                }
            }
        }
        return groups
    }

    /// Whether times are all among others, and not too few of them.
    private static func takes(_ times: [Int64], into all: [Int64]) -> Bool {
        guard all.count <= shortRows || times.count * sparsest >= all.count, let first = times.first,
            let last = times.last
        else { return false }
        let rows = all.rows(in: first...last)
        var row = rows.lowerBound
        for time in times {
            while row < rows.upperBound, all[row] < time { row += 1 }
            guard row < rows.upperBound, all[row] == time else { return false }
        }
        return true
    }
}
