import Exposition
import Testing
import TimeSeries

struct DecimalNumberTests {
    private func parse(_ text: String) -> (value: Double, end: Int)? {
        let bytes = Array(text.utf8)
        var end = 0
        return DecimalNumber.parse(bytes.span, &end).map { ($0, end) }
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "+1", "12345", "0.1", "-0.25", ".5", "5.", "1e3", "1E-3", "1.5e+300", "1e-400",
        "1e999", "-1e999", "9007199254740993", "123456789012345678", "1.7976931348623157e308", "5e-324",
        "2.2250738585072014e-308", "0.30000000000000004", "1.726839813016397e+09", "99999999999999999999",
        "0.1000000000000000055511151231257827021181583404541015625", "8.999999999999999e-05", "1e22", "1e23",
        "9007199254740992e3", "4503599627370497.5", "9214843084008499",
    ])
    func `a number is the one nearest to its text`(text: String) throws {
        let read = try #require(parse(text))

        #expect(read.value.bitPattern == Double(text)?.bitPattern)
        #expect(read.end == text.utf8.count)
    }

    @Test func `a hundred thousand random texts give the bits of the standard library`() {
        var random = SplitMix(state: 1)
        var wrong: [String] = []
        for _ in 0..<100_000 {
            let text = random.decimal()
            if parse(text)?.value.bitPattern != Double(text)?.bitPattern { wrong.append(text) }
        }

        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }

    @Test func `digits are as many as there are, wherever the text ends and whatever follows`() {
        let digits = "12345678901234567890"
        var wrong: [String] = []
        for whole in 1...19 {
            for places in 0...(19 - whole) {
                for tail in ["", "\n", "\n# a comment", " 1", "/", ":", "x and much more", "\u{ff}"] {
                    let number =
                        String(digits.prefix(whole)) + (places > 0 ? "." + digits.suffix(places) : "")
                    let read = parse(number + tail)
                    if read?.value != Double(number) || read?.end != number.utf8.count {
                        wrong.append(number + tail)
                    }
                }
            }
        }

        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }

    @Test func `texts half way between two numbers are rounded to even`() {
        var random = SplitMix(state: 2)
        var wrong: [String] = []
        for _ in 0..<20_000 {
            let half = (random.next() >> 10 | 1 << 53) << 1 | 1
            let text = String(half)
            if parse(text)?.value.bitPattern != Double(text)?.bitPattern { wrong.append(text) }
        }

        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }

    @Test(arguments: ["NaN", "nan", "NAN"])
    func `a NaN is never a stale marker`(text: String) throws {
        let read = try #require(parse(text))

        #expect(read.value.bitPattern == Marker.notANumber.bitPattern)
    }

    @Test(arguments: [
        ("Inf", 1.0), ("+Inf", 1), ("-Inf", -1), ("infinity", 1), ("-INFINITY", -1),
    ])
    func `infinities may be written in any case`(text: String, sign: Double) throws {
        let read = try #require(parse(text))

        #expect(read.value == sign * .infinity)
        #expect(read.end == text.utf8.count)
    }

    @Test(arguments: ["", "-", "+", ".", "e5", "1e", "1e+", "x", "-NaN", "in", "true"])
    func `what is no number is refused`(text: String) {
        #expect(parse(text) == nil)
    }

    @Test(arguments: [("0x1p3", 1), ("1_000", 1), ("1 2", 1), ("12abc", 2)])
    func `a number ends at the first byte that does not belong to it`(text: String, end: Int) throws {
        #expect(try #require(parse(text)).end == end)
    }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    /// A decimal of up to 21 digits with or without point and exponent, or a random double's shortest text.
    mutating func decimal() -> String {
        if below(4) == 0 {
            let value = Double(bitPattern: next())
            return value.isFinite ? "\(value)" : "0"
        }
        var text = below(2) == 0 ? "-" : ""
        let digits = 1 + below(21)
        let point = below(3) == 0 ? -1 : below(digits + 1)
        for index in 0..<digits {
            if index == point { text += "." }
            text += String(below(10))
        }
        if below(2) == 0 { text += "e" + String(below(80) - 40) }
        return text
    }
}
