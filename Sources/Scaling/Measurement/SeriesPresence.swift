import TimeSeries

/// How many series each selector found lately, so that it is noticed when some of them end.
struct SeriesPresence {
    /// For so long a series that has ended is missed; then what is left is the whole.
    static let reach = Duration.seconds(600)
    static let resolution = Duration.seconds(60)
    /// How long the number of those that ended stands, while as many are left.
    private static let validity = Duration.seconds(15)

    private struct Slot {
        /// The time by `resolution`.
        var number: Int64
        var most: Double
    }

    private struct Ended {
        var count: Double
        var here: Double
        var at: Timestamp
    }

    /// By selector, ascending in time.
    private var slots: [String: [Slot]] = [:]
    private var ended: [String: Ended] = [:]

    func knows(_ selector: String) -> Bool { slots[selector] != nil }

    /// The most series there were at once within `reach`.
    func most(of selector: String) -> Double? { slots[selector]?.map(\.most).max() }

    /// Takes in how many series there are, and forgets what is over. A clock that went back makes nothing last longer.
    mutating func note(_ count: Double, of selector: String, at now: Timestamp) {
        let number = now.milliseconds / Self.resolution.milliseconds
        let oldest = number - Self.reach.milliseconds / Self.resolution.milliseconds
        var known = slots.removeValue(forKey: selector) ?? []
        known.removeAll { $0.number <= oldest }
        for index in known.indices { known[index].number = min(known[index].number, number) }
        if let last = known.indices.last, known[last].number == number {
            known[last].most = max(known[last].most, count)
        } else {
            known.append(Slot(number: number, most: count))
        }
        slots[selector] = known
    }

    func ended(of selector: String, here: Double, at now: Timestamp) -> Double? {
        guard let known = ended[selector], known.here == here, now >= known.at,
            now - known.at < Self.validity
        else { return nil }
        return known.count
    }

    mutating func note(ended count: Double, of selector: String, here: Double, at now: Timestamp) {
        ended[selector] = Ended(count: count, here: here, at: now)
    }

    /// Forgets the selectors that nobody asks for any longer.
    mutating func keep(only selectors: Set<String>) {
        slots = slots.filter { selectors.contains($0.key) }
        ended = ended.filter { selectors.contains($0.key) }
    }
}
