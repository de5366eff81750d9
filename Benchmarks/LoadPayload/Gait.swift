/// How a value moves from one scrape to the next. Of a machine's series about six in ten stand still, as in recordings
/// of node_exporter and Prometheus.
enum Gait {
    /// A counter that grows by up to so much a scrape.
    case counter(upTo: Int64)
    /// Grows by one or two in one scrape of so many.
    case seldom(oneIn: Int64)
    /// A gauge that wanders in multiples of a step.
    case gauge(step: Int64, span: Int64)
    /// Grows by the same each scrape: clocks.
    case steady(Int64)
    /// A bucket of a histogram: it grows by what the buckets below it do, and now and then by itself.
    case bucket
    /// Counts of a histogram grow as its last bucket.
    case count

    /// Chosen by type and name alone, so that all targets agree; nil for a value that stands still.
    init?(type: Substring, series: Substring, value: Decimal, intervalMilliseconds: Int64) {
        let name = series.prefix { $0 != "{" }
        let draw = Randomness.hash(series.utf8) >> 7 % 100
        if type == "histogram", name.hasSuffix("_bucket") { self = .bucket; return }
        if type == "histogram", name.hasSuffix("_count") { self = .count; return }
        if name.hasSuffix("time_seconds"), value.places > 3, draw < 20 {
            var perSecond: Int64 = 1
            for _ in 0..<value.places { perSecond *= 10 }
            self = .steady(perSecond / 1000 * intervalMilliseconds)
            return
        }
        let size = Int64(value.digits.magnitude)
        guard size > 1, !name.hasSuffix("_info") else { return nil }
        let isCounter = type == "counter" || type == "histogram" || name.hasSuffix("_total")
        switch draw {
        case 0..<40: return nil
        case 40..<47: self = .seldom(oneIn: 20)
        case 47..<55: self = .seldom(oneIn: 3)
        default:
            if isCounter {
                self = .counter(upTo: min(max(2, size / 5000), 100_000_000))
            } else if value.places == 0, size % 1024 == 0, size >= 1 << 16 {
                self = .gauge(step: size % 4096 == 0 ? 4096 : 1024, span: min(200, max(1, size >> 16)))
            } else {
                self = .gauge(step: 1, span: min(max(1, size / 50), 1_000_000))
            }
        }
    }

    /// Moves a value by one scrape. `carry` is what the buckets below have grown by.
    func move(_ value: inout Int64, _ random: inout Randomness, carry: inout Int64) {
        switch self {
        case .counter(let limit): value += random.below(limit)
        case .seldom(let rarity): if random.below(rarity) == 0 { value += 1 + random.below(2) }
        case .steady(let step): value += step
        case .gauge(let step, let span):
            let moved = value + (random.below(2 * span + 1) - span) * step
            value = value > 0 ? max(step, moved) : moved
        case .bucket:
            carry += max(0, random.below(8) - 5)
            value += carry
        case .count: value += carry
        }
    }
}
