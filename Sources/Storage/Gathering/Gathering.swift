import TimeSeries

/// Which single series become columns of one table: those of one target, as `job` and `instance` name it, whose times are
/// all among the times of one of them. So an import, which comes series by series, is kept as the scrapes that it came
/// from: the times once, the target's labels once, neighbours in one chunk. What an import adds behind the rows of a table
/// that has its series goes on with that.
struct Gathering {
    /// What becomes one table, or further rows of one.
    struct Group {
        /// Ascending; those of each member are among them.
        var times: [Int64]
        /// The numbers of its series.
        var members: [UInt32]
        /// The table that has some of them and ends before the times, if any.
        var home: UInt32?
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

    /// What series have in common that stand in one list.
    private struct Key: Hashable {
        var times: [Int64]
        var home: UInt32?
    }

    private var lists: [Labels: [Key: [UInt32]]] = [:]
    private var timeCount = 0

    /// Adds a series.
    /// - Parameter home: the table that has it and ends before the times, if any.
    mutating func add(_ number: UInt32, target: Labels, times: [Int64], home: UInt32? = nil) {
        let key = Key(times: times, home: home)
        if lists[target]?[key] != nil {
            lists[target]?[key]?.append(number)
        } else if timeCount + times.count <= Self.mostTimes {
            timeCount += times.count
            lists[target, default: [:]][key] = [number]
        }
    }

    /// All groups that are worth a table, of one target in the order of their times.
    var groups: [Group] {
        lists.sorted { $0.key < $1.key }.flatMap { list in
            Self.groups(list.value).sorted { $0.times[0] < $1.times[0] }
        }.filter { $0.members.count >= Self.fewestMembers }
    }

    private static func groups(_ lists: [Key: [UInt32]]) -> [Group] {
        var groups: [Group] = []
        // Those of a table, then the longest first: what may take others in stands before them.
        let ordered = lists.map { Group(times: $0.key.times, members: $0.value, home: $0.key.home) }.sorted {
            ($0.home == nil ? 1 : 0, $1.times.count, $0.members[0])
                < ($1.home == nil ? 1 : 0, $0.times.count, $1.members[0])
        }
        for list in ordered {
            if let taker = groups.firstIndex(where: { $0.takes(list) }) {
                groups[taker].members += list.members
            } else if groups.count < mostGroups {
                // Columns that are there are not parted.
                let most = list.home == nil ? mostMembers : list.members.count
                for start in stride(from: 0, to: list.members.count, by: most) {
                    var part = list
                    part.members = Array(list.members[start..<min(list.members.count, start + most)])
                    groups.append(part)
                }
            }
        }
        return groups
    }

    /// Whether times are all among others, and not too few of them.
    fileprivate static func takes(_ times: [Int64], into all: [Int64]) -> Bool {
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

extension Gathering.Group {
    /// Whether series with other times may be in it. Those that no table has may go on with one.
    fileprivate func takes(_ list: Self) -> Bool {
        let isSame = list.home == home
        guard isSame || list.home == nil,
            isSame && home != nil || members.count + list.members.count <= Gathering.mostMembers
        else { return false }
        return Gathering.takes(list.times, into: times)
    }
}
