/// Dates as files of series have them: `2014-04-10`, `2014-04-10 00:04:00` or `1998-04-30T21:30Z`, taken as UTC, or
/// `2026-03-29T01:30:00+01:00`.
package enum DateText {
    /// Seconds since 1970; nil for what is no date.
    package static func seconds(_ text: some StringProtocol) -> Int? {
        // A sign after the time of day begins how far it is ahead of UTC; before that it parts a date.
        guard text.count > 16, let sign = text.dropFirst(16).lastIndex(where: { $0 == "+" || $0 == "-" })
        else { return utc(text) }
        let offset = text[text.index(after: sign)...].split(separator: ":", omittingEmptySubsequences: false)
        guard offset.count == 2, let hours = Int(offset[0]), let minutes = Int(offset[1]),
            (0...23).contains(hours), (0...59).contains(minutes), let time = utc(text[..<sign])
        else { return nil }
        let ahead = hours * 3600 + minutes * 60
        return text[sign] == "+" ? time - ahead : time + ahead
    }

    private static func utc(_ text: some StringProtocol) -> Int? {
        let parts = text.split { $0 == "-" || $0 == ":" || $0 == " " || $0 == "T" || $0 == "Z" }
            .map { Int($0) }
        guard [3, 5, 6].contains(parts.count), !parts.contains(nil) else { return nil }
        let numbers = parts.compactMap { $0 } + [0, 0, 0]
        guard (1900...3000).contains(numbers[0]), (1...12).contains(numbers[1]),
            (1...31).contains(numbers[2]), (0...23).contains(numbers[3]), (0...59).contains(numbers[4])
        else { return nil }
        // Days since 1970 of the Gregorian calendar, counted from March so that leap days come last.
        let year = numbers[1] > 2 ? numbers[0] : numbers[0] - 1
        let month = (numbers[1] + 9) % 12
        let days =
            year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + numbers[2] - 719_469
        return days * 86_400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5]
    }
}
