/// How doubles of a column come from integers: programs divide counts of units by a power of ten, multiply by
/// its inverse, or divide twice by a thousand. The three differ in the last bit, and all are common.
///
/// Sums of such values, as those of histograms, are a few units in the last place beside one: such a value is the integer of
/// its decimal fraction, with the units as `width` further bits. The rest are their own bits, in an order in which steps
/// between them are small where those between the values are.
struct Scale: Equatable {
    enum Kind: UInt8 { case divided, multiplied, dividedTwice, bits, near }

    var kind: Kind
    var exponent: Int
    /// Of `near`, 1 to 12: so many bits hold how far a value is from its decimal fraction.
    var width = 0

    static let one = Scale(kind: .divided, exponent: 0)
    static let bits = Scale(kind: .bits, exponent: 0)
    static let largestExponent = 12
    static let largestWidth = 12

    private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12]
    private static let inverses: [Double] = [
        1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12,
    ]
    /// 1.5 * 2^52: adding it leaves the rounded integer in the lower bits; `.rounded()` would be a call into libm.
    @inline(__always) static var magic: Double { 6_755_399_441_055_744.0 }

    var byte: UInt8 {
        UInt8(exponent) | (kind == .near ? kind.rawValue + UInt8(width) - 1 : kind.rawValue) << 4
    }

    init(kind: Kind, exponent: Int, width: Int = 0) {
        self.kind = kind
        self.exponent = exponent
        self.width = width
    }

    /// Nil for a byte that names none.
    init?(byte: UInt8) {
        let exponent = Int(byte & 0x0f)
        guard exponent <= Scale.largestExponent else { return nil }
        guard let kind = Kind(rawValue: byte >> 4), kind != .near else {
            self.init(kind: .near, exponent: exponent, width: Int(byte >> 4 - Kind.near.rawValue) + 1)
            return
        }
        guard kind != .bits || exponent == 0 else { return nil }
        self.init(kind: kind, exponent: exponent)
    }

    var power: Double { Scale.powers[exponent] }
    var inverse: Double { Scale.inverses[exponent] }

    /// The value of an integer.
    @inline(__always)
    func value(_ integer: Int64) -> Double {
        switch kind {
        case .divided: return Double(integer) / power
        case .multiplied: return Double(integer) * inverse
        case .dividedTwice: return Double(integer) / 1000 / 1000
        case .bits:
            let bits = UInt64(bitPattern: integer)
            return Double(bitPattern: bits &>> 1 | bits &<< 63)
        case .near:
            let fraction = (integer &+ 1 &<< Int64(width &- 1)) &>> Int64(width)
            let distance = integer &- fraction &<< Int64(width)
            let nearest = Double(fraction) / power
            return Double(bitPattern: nearest.bitPattern &+ UInt64(bitPattern: distance))
        }
    }

    /// The integer whose value is exactly this, bit for bit; nil where there is none below 2^51, or, of `near`, 2^60.
    @inline(__always)
    func integer(_ value: Double) -> Int64? {
        if kind == .bits {
            return Int64(bitPattern: value.bitPattern &<< 1 | value.bitPattern &>> 63)
        }
        let scaled = value * power
        guard abs(scaled) < 0x1p51 else { return nil }
        let integer = Int64(bitPattern: (scaled + Scale.magic).bitPattern &- Scale.magic.bitPattern)
        if kind == .near { return near(value, integer) }
        return self.value(integer).bitPattern == value.bitPattern ? integer : nil
    }

    private func near(_ value: Double, _ fraction: Int64) -> Int64? {
        let distance = distance(of: value, from: fraction)
        let half: Int64 = 1 << (width - 1)
        guard (-half..<half).contains(distance), fraction.magnitude < 1 << (60 - width) else { return nil }
        return fraction << width + distance
    }

    /// Units in the last place between a value and a decimal fraction.
    private func distance(of value: Double, from fraction: Int64) -> Int64 {
        Int64(bitPattern: value.bitPattern &- (Double(fraction) / power).bitPattern)
    }

    /// How many bits `near` needs to tell this value from its decimal fraction; nil where it has none, or needs more than there
    /// may be.
    func widthNeeded(for value: Double) -> Int? {
        let scaled = value * power
        guard abs(scaled) < 0x1p48 else { return nil }
        let integer = Int64(bitPattern: (scaled + Scale.magic).bitPattern &- Scale.magic.bitPattern)
        let distance = distance(of: value, from: integer)
        let width = 65 - (distance ^ distance &>> 63).leadingZeroBitCount
        return width <= Scale.largestWidth ? width : nil
    }

    /// The scale of the same kind with the smallest larger exponent that gives this value.
    func grown(for value: Double) -> Scale? {
        guard value.isFinite, kind == .divided || kind == .multiplied, exponent < Scale.largestExponent,
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
