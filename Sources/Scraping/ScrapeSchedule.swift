package import TimeSeries

/// When a target is scraped: on a grid of its interval, at an offset that its hash chooses, rounded to a slot so that
/// the scrapes of many targets share wake-ups and warm caches (reference: a quarter of the CPU time of a scrape).
package enum ScrapeSchedule {
    /// The grid of starts.
    package static func slot(of interval: Duration) -> Duration {
        min(.milliseconds(100), max(.milliseconds(1), .milliseconds(interval.milliseconds / 10)))
    }

    /// Where in its interval a target starts; stable over restarts.
    package static func offset(hash: UInt64, interval: Duration) -> Duration {
        let slot = slot(of: interval).milliseconds
        let slots = max(1, interval.milliseconds / slot)
        // The low bits of the hash alone would follow the text of addresses that differ in one digit.
        let mixed = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
        return .milliseconds(Int64((mixed >> 16) % UInt64(slots)) * slot)
    }

    /// The first start after `now`.
    package static func next(after now: Timestamp, hash: UInt64, interval: Duration) -> Timestamp {
        let period = max(1, interval.milliseconds)
        let offset = offset(hash: hash, interval: interval).milliseconds
        let (shifted, overflow) = now.milliseconds.subtractingReportingOverflow(offset)
        guard !overflow else { return now + interval }
        let whole = shifted >= 0 ? shifted / period : (shifted - period + 1) / period
        return Timestamp(milliseconds: (whole + 1) * period + offset)
    }

    /// The time that a scrape's samples bear: the planned start where the scrape began so soon after it that nobody
    /// can tell, which keeps the distances even; else when it began.
    package static func timestamp(planned: Timestamp, started: Timestamp, interval: Duration) -> Timestamp {
        let tolerance = Swift.min(
            Duration.milliseconds(10), Duration.milliseconds(interval.milliseconds / 100))
        let late = started - planned
        return late >= .zero && late <= tolerance ? planned : started
    }
}
