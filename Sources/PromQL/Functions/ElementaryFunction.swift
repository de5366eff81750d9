import Glibc
import TimeSeries

/// The functions of one number.
enum ElementaryFunction {
    static func of(_ function: Function) -> (Double) -> Double {
        switch function {
        case .abs: { Swift.abs($0) }
        case .acos: Glibc.acos
        case .acosh: Glibc.acosh
        case .asin: Glibc.asin
        case .asinh: Glibc.asinh
        case .atan: Glibc.atan
        case .atanh: Glibc.atanh
        case .ceil: { $0.rounded(.up) }
        case .cos: Glibc.cos
        case .cosh: Glibc.cosh
        case .deg: { $0 * 180 / .pi }
        case .exp: Glibc.exp
        case .floor: { $0.rounded(.down) }
        case .ln: Glibc.log
        case .log2: Glibc.log2
        case .log10: Glibc.log10
        case .rad: { $0 * .pi / 180 }
        case .sgn: { $0 < 0 ? -1 : ($0 > 0 ? 1 : $0) }
        case .sin: Glibc.sin
        case .sinh: Glibc.sinh
        case .sqrt: { $0.squareRoot() }
        case .tan: Glibc.tan
        case .tanh: Glibc.tanh
        default: { $0 }
        }
    }
}

/// Parts of a date in UTC, by the proleptic Gregorian calendar.
enum CalendarDate {
    /// Year 1 to 292277026596 fit Go's `time.Time`; what lies beyond is no date.
    static func part(_ function: Function, of seconds: Double) -> Double {
        guard let whole = Int64(clamping: seconds.rounded(.towardZero)), whole.magnitude < 1 << 55 else {
            return Marker.notANumber
        }
        let day = floorDivide(whole, 86_400)
        let second = whole - day * 86_400
        switch function {
        case .hour: return Double(second / 3600)
        case .minute: return Double(second / 60 % 60)
        case .dayOfWeek: return Double(floorModulo(day + 4, 7))
        default: break
        }
        let (year, month, dayOfMonth) = civil(day)
        switch function {
        case .year: return Double(year)
        case .month: return Double(month)
        case .dayOfMonth: return Double(dayOfMonth)
        case .dayOfYear: return Double(day - days(year, 1, 1) + 1)
        default:
            let next = month == 12 ? days(year + 1, 1, 1) : days(year, month + 1, 1)
            return Double(next - days(year, month, 1))
        }
    }

    /// The date of a day counted from 1970-01-01 (Howard Hinnant's algorithm).
    private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1)
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = floorDivide(year, 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a / b - (a % b < 0 ? 1 : 0) }
    private static func floorModulo(_ a: Int64, _ b: Int64) -> Int64 { a - floorDivide(a, b) * b }
}
