/// Up to which moment all that was scraped is on disk for good. What was pushed says nothing of that, unless nothing is
/// scraped: its moment may lie ahead of the clock.
struct Durability: Sendable {
    /// What came after a scrape of its moment or a later one: scrapes of slow targets, samples with times of their own.
    private struct Late {
        /// Nothing is added any more: a commit has begun.
        var isClosed = false
        var position: UInt64
        var moment: Int64
    }

    private var newestScrape = Int64.min
    /// Of what was in the log when a commit began that went well.
    private var durable = Int64.min
    /// Those that may not be on disk yet; hardly ever more than two.
    private var late: [Late] = []
    /// The oldest sample that was in the log at the start, until a commit has waited for the disk.
    private var oldestFound = Int64.max
    private var clock = Int64.max

    /// - Parameter durable: the newest moment that files hold.
    init(durable: Int64 = .min) { self.durable = durable }

    /// The moment in milliseconds; `Int64.min` where nothing is durable.
    var moment: Int64 { late.reduce(min(durable, oldestFound - 1)) { min($0, $1.moment - 1) } }

    /// Notes what the log has of an earlier process.
    mutating func found(_ moment: Int64) {
        oldestFound = min(oldestFound, max(moment, Head.times.lowerBound))
    }

    /// - Parameter position: of the log, at or behind which the scrape is.
    mutating func took(scrapeAt moment: Int64, position: UInt64) {
        if moment > newestScrape {
            newestScrape = moment
        } else {
            tookLate(moment, position: position)
        }
    }

    /// - Parameter moment: the oldest of samples that came beside a scrape. Those ahead of it wait for their turn.
    mutating func took(samplesSince moment: Int64, position: UInt64) {
        if moment <= newestScrape { tookLate(max(moment, Head.times.lowerBound), position: position) }
    }

    private mutating func tookLate(_ moment: Int64, position: UInt64) {
        if let last = late.last, !last.isClosed {
            late[late.count - 1].position = position
            late[late.count - 1].moment = min(last.moment, moment)
        } else {
            late.append(Late(position: position, moment: moment))
        }
    }

    /// A commit begins. Returns the moment that is durable when it went well.
    /// - Parameter newest: the newest moment of all samples.
    mutating func beginCommit(newest: Int64) -> Int64 {
        if !late.isEmpty { late[late.count - 1].isClosed = true }
        return newestScrape == .min ? min(newest, clock) : newestScrape
    }

    /// What was in the log up to this position is on disk for good.
    mutating func committed(_ moment: Int64, through position: UInt64) {
        durable = max(durable, moment)
        oldestFound = .max
        late.removeAll { $0.position <= position }
    }

    /// What comes from here on is no older than this, or late.
    mutating func note(now: Int64) {
        clock = now
        durable = min(durable, now)
        newestScrape = min(newestScrape, now)
    }
}
