extension Timestamp {
    /// RFC 3339 in UTC, with milliseconds where there are any: `2026-11-23T16:25:00.250Z`. Years outside of 0...9999
    /// are shown as milliseconds.
    package var rfc3339: String {
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = "\(value)"
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        guard milliseconds >= -62_167_219_200_000, milliseconds <= 253_402_300_799_999 else {
            return "\(milliseconds)ms"
        }
        let day = (milliseconds >= 0 ? milliseconds : milliseconds - 86_399_999) / 86_400_000
        let rest = milliseconds - day * 86_400_000
        // Days to a date of the proleptic Gregorian calendar, counted from 0000-03-01 in eras of 400 years.
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let date = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        let fraction = rest % 1000 == 0 ? "" : "." + padded(rest % 1000, 3)
        return padded(year, 4) + "-" + padded(civilMonth, 2) + "-" + padded(date, 2) + "T"
            + padded(rest / 3_600_000, 2) + ":" + padded(rest / 60_000 % 60, 2) + ":"
            + padded(rest / 1000 % 60, 2)
            + fraction + "Z"
    }
}
