/// Dates as files of series have them: `2014-04-10`, `2014/04/10 00:04:00`, `1998-04-30T21:30Z` or
/// `2026-03-29T01:30:00.000+01:00`, taken as UTC where nothing else is said.
package enum DateText {
    /// Up to the minutes of the time of day; what comes behind is no part of a date.
    private static let minuteLength = 16

    /// Seconds since 1970; nil for what is no date.
    package static func seconds(_ text: some StringProtocol) -> Double? {
        var rest = Substring(text)
        var ahead = 0
        for ending in ["Z", " UTC"] where rest.hasSuffix(ending) { rest = rest.dropLast(ending.count) }
        // A sign after the time of day begins how far it is ahead of UTC; before that it parts a date.
        if let sign = rest.dropFirst(minuteLength).lastIndex(where: { $0 == "+" || $0 == "-" }) {
            guard let offset = offset(rest[rest.index(after: sign)...]) else { return nil }
            ahead = rest[sign] == "+" ? offset : -offset
            rest = rest[..<sign]
        }
        var fraction = 0.0
        if let point = rest.dropFirst(minuteLength).firstIndex(of: ".") {
            let digits = rest[rest.index(after: point)...]
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let part = Double("0." + digits)
            else { return nil }
            fraction = part
            rest = rest[..<point]
        }
        return utc(rest).map { Double($0 - ahead) + fraction }
    }

    /// `01:00`, `0100` or `01`.
    private static func offset(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let digits = parts.joined()
        guard parts.count == 1 || parts.count == 2 && parts[0].count == 2, [2, 4].contains(digits.count),
            digits.utf8.allSatisfy({ (48...57).contains($0) }), let hours = Int(digits.prefix(2)),
            let minutes = digits.count == 2 ? 0 : Int(digits.suffix(2)), hours < 24, minutes < 60
        else { return nil }
        return hours * 3600 + minutes * 60
    }

    private static func utc(_ text: Substring) -> Int? {
        let parts = text.split { $0 == "-" || $0 == "/" || $0 == ":" || $0 == " " || $0 == "T" }
            .map { Int($0) }
        guard [3, 5, 6].contains(parts.count), !parts.contains(nil) else { return nil }
        let numbers = parts.compactMap { $0 } + [0, 0, 0]
        guard (1900...3000).contains(numbers[0]), (1...12).contains(numbers[1]),
            (1...days(ofMonth: numbers[1], year: numbers[0])).contains(numbers[2]),
            (0...23).contains(numbers[3]), (0...59).contains(numbers[4]), (0...60).contains(numbers[5])
        else { return nil }
        // Days since 1970 of the Gregorian calendar, counted from March so that leap days come last.
        let year = numbers[1] > 2 ? numbers[0] : numbers[0] - 1
        let month = (numbers[1] + 9) % 12
        let days =
            year * 365 + year / 4 - year / 100 + year / 400 + (month * 306 + 5) / 10 + numbers[2] - 719_469
        return days * 86_400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5]
    }

    private static func days(ofMonth month: Int, year: Int) -> Int {
        guard month == 2 else { return [4, 6, 9, 11].contains(month) ? 30 : 31 }
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    }
}
