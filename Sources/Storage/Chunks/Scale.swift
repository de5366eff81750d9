/// How doubles of a column come from integers: programs divide counts of units by a power of ten, multiply by
/// its inverse, or divide twice by a thousand. The three differ in the last bit, and all are common.
struct Scale: Equatable {
    enum Kind: UInt8 { case divided, multiplied, dividedTwice }

    var kind: Kind
    var exponent: Int

    static let one = Scale(kind: .divided, exponent: 0)
    static let largestExponent = 12

    private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12]
    private static let inverses: [Double] = [
        1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12,
    ]
    /// 1.5 * 2^52: adding it leaves the rounded integer in the lower bits; `.rounded()` would be a call into libm.
    @inline(__always) static var magic: Double { 6_755_399_441_055_744.0 }

    var byte: UInt8 { UInt8(exponent) | kind.rawValue << 4 }

    init(kind: Kind, exponent: Int) {
        self.kind = kind
        self.exponent = exponent
    }

    /// Nil for a byte that names none.
    init?(byte: UInt8) {
        guard let kind = Kind(rawValue: byte >> 4), byte & 0x0f <= Scale.largestExponent else { return nil }
        self.init(kind: kind, exponent: Int(byte & 0x0f))
    }

    var power: Double { Scale.powers[exponent] }
    var inverse: Double { Scale.inverses[exponent] }

    /// The value of an integer.
    @inline(__always)
    func value(_ integer: Int64) -> Double {
        switch kind {
        case .divided: Double(integer) / power
        case .multiplied: Double(integer) * inverse
        case .dividedTwice: Double(integer) / 1000 / 1000
        }
    }

    /// The integer whose value is exactly this, bit for bit; nil where there is none below 2^51.
    @inline(__always)
    func integer(_ value: Double) -> Int64? {
        let scaled = value * power
        guard abs(scaled) < 0x1p51 else { return nil }
        let integer = Int64(bitPattern: (scaled + Scale.magic).bitPattern &- Scale.magic.bitPattern)
        return self.value(integer).bitPattern == value.bitPattern ? integer : nil
    }

    /// The scale of the same kind with the smallest larger exponent that gives this value.
    func grown(for value: Double) -> Scale? {
        guard value.isFinite, kind != .dividedTwice, exponent < Scale.largestExponent,
            Scale.mayGive(value)
        else { return nil }
        for larger in exponent + 1...Scale.largestExponent {
            let scale = Scale(kind: kind, exponent: larger)
            if scale.integer(value) != nil { return scale }
        }
        return nil
    }

    /// Whether any scale may give a finite value: with as many decimals as any could have it is an integer but for the error of
    /// some roundings, below 2^-51 of it. Most values that are no short decimal fractions are told by this alone.
    private static func mayGive(_ value: Double) -> Bool {
        var exponent = largestExponent
        while exponent > 0, abs(value) * powers[exponent] >= 0x1p51 { exponent -= 1 }
        let scaled = value * powers[exponent]
        return abs(scaled - (scaled + magic - magic)) <= abs(scaled) * 0x1p-50
    }
}
