import Foundation

/// What a clock on a wall shows in one time zone: the offset from UTC at any moment, daylight saving time included.
/// The only owner of time-zone tables; names are those of the IANA database (`Europe/Berlin`), or `UTC`.
package struct ZoneTable: Hashable, Sendable {
    package let name: String
    private let zone: TimeZone

    /// Nil for a name that the database does not have.
    package init?(_ name: String) {
        guard name == "UTC" || name.contains("/"), let zone = TimeZone(identifier: name) else { return nil }
        self.name = name
        self.zone = zone
    }

    /// Seconds to add to UTC, at a moment in milliseconds since 1970.
    package func offset(atMilliseconds moment: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment) / 1000)))
    }

    /// The moment in milliseconds at which the wall clock shows `local`, in milliseconds as if it were UTC. A time
    /// that comes twice is the first of the two; one that is skipped is the moment at which the clock skips it.
    package func moment(ofLocalMilliseconds local: Int64) -> Int64 {
        let day: Int64 = 86_400_000
        let before = offset(atMilliseconds: local - day) * 1000
        let early = local - before
        if offset(atMilliseconds: early) * 1000 == before { return early }
        let late = local - offset(atMilliseconds: local + day) * 1000
        if offset(atMilliseconds: late) * 1000 == local - late { return late }
        // Skipped: neither clock shows it, and the skip lies between what they would have shown.
        var (shownBefore, shownAfter) = (late, early)
        while shownAfter - shownBefore > 1 {
            let middle = shownBefore + (shownAfter - shownBefore) / 2
            if offset(atMilliseconds: middle) * 1000 == before {
                shownBefore = middle
            } else {
                shownAfter = middle
            }
        }
        return shownAfter
    }
}
