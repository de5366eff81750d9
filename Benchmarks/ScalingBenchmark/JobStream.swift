import Glibc
import Scaling

/// The jobs of one recording: Poisson arrivals whose rate follows it, and how long each takes. The same for all that are
/// compared.
struct JobStream: Sendable {
    enum Service: String, CaseIterable, Sendable {
        case exponential
        /// The deviation is twice the mean.
        case lognormal
    }

    /// Seconds that a job takes in the mean.
    static let meanService = 5.0
    static let tickSeconds = 15
    /// Of the rate that is measured.
    private static let rateTicks = 4

    private(set) var arrivals: [Double] = []
    private(set) var services: [Double] = []
    /// Jobs a second as measured over the last minute, at each tick.
    let measured: DemandTrace
    let ticks: Int

    init?(_ trace: DemandTrace, _ service: Service, seed: UInt64) {
        let ticks = (trace.values.count - 1) * trace.stepSeconds / Self.tickSeconds
        var random = Random(state: seed)
        var counts: [Int] = []
        var clock = 0.0
        for tick in 0..<ticks {
            let start = Double(tick * Self.tickSeconds)
            let end = start + Double(Self.tickSeconds)
            let workers = trace.demand(atSeconds: tick * Self.tickSeconds) / trace.capacity
            let rate = workers / Self.meanService
            let before = arrivals.count
            clock = start
            // What is exponential has no memory: it may begin anew with each tick.
            while rate > 0 {
                clock += random.exponential() / rate
                guard clock < end else { break }
                arrivals.append(clock)
                services.append(Self.time(service, &random))
            }
            counts.append(arrivals.count - before)
        }
        var rates = [0.0]
        for tick in 1...ticks {
            let from = max(0, tick - Self.rateTicks)
            let seconds = Double((tick - from) * Self.tickSeconds)
            rates.append(Double(counts[from..<tick].reduce(0, +)) / seconds)
        }
        rates[0] = rates[1]
        guard
            let measured = DemandTrace(rates, stepSeconds: Self.tickSeconds, capacity: 1 / Self.meanService)
        else { return nil }
        self.measured = measured
        self.ticks = ticks
    }

    private static func time(_ service: Service, _ random: inout Random) -> Double {
        switch service {
        case .exponential: return meanService * random.exponential()
        case .lognormal:
            let variance = log(1 + 4.0)
            return meanService * exp(random.normal() * variance.squareRoot() - variance / 2)
        }
    }
}

/// SplitMix64.
struct Random: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    /// Above 0, up to 1.
    mutating func share() -> Double { (Double(next() >> 11) + 1) / 9_007_199_254_740_992 }

    mutating func exponential() -> Double { -log(share()) }

    mutating func normal() -> Double { (-2 * log(share())).squareRoot() * cos(2 * Double.pi * share()) }
}
