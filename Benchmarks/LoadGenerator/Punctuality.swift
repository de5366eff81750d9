/// How regularly a target is scraped. A scrape is late where the time since the one before exceeds the interval by more
/// than a tenth and 20 ms; intervals without one are missed.
struct Punctuality {
    let interval: Int64
    private(set) var scrapes = 0
    private(set) var late = 0
    private(set) var missed = 0
    private(set) var longestGap: Int64 = 0
    private var last: Int64?

    init(interval: Int64) { self.interval = interval }

    mutating func note(_ moment: Int64) {
        scrapes += 1
        defer { last = moment }
        guard let last else { return }
        let gap = moment - last
        longestGap = max(longestGap, gap)
        let intervals = (gap + interval / 2) / interval
        missed += Int(max(0, intervals - 1))
        if gap - max(1, intervals) * interval > max(interval / 10, 20_000_000) { late += 1 }
    }
}
