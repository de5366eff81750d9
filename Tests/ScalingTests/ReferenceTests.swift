import Documents
import Testing
import TimeSeries

@testable import Scaling

/// What a policy is compared with, and the account that is kept of it.
struct ReferenceTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    @Test
    func `the reference is HorizontalPodAutoscaler on load`() {
        var reference = ReactiveReference(desired: 3)
        var keda = EventDrivenAutoscaler(target: 0.75, minReplicas: 1, maxReplicas: 60)
        var count = 3
        var state: UInt64 = 7

        for seconds in stride(from: 0, to: 200_000, by: 15) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // Calm for minutes, then anything.
            let demand = Double(seconds / 1200 % 3 == 0 ? 10 : state >> 59) + Double(seconds % 600) / 300
            count = keda.desired(demand, current: count, seconds: seconds)
            reference.step(demand: demand, asked: 0, bounds: 1...60, at: Self.start + .seconds(seconds))
            #expect(reference.desired == count, "at \(seconds)")
        }
    }

    @Test
    func `what other signals ask for the reference holds as well`() {
        var reference = ReactiveReference(desired: 4)

        reference.step(demand: 3, asked: 7, bounds: 1...60, at: Self.start)

        #expect(reference.desired == 7)
    }

    /// An account after days of a demand of 30, of which each hour begins with a peak of 60 for five minutes.
    /// - Parameter planned: what the forecast asks for; what is held where there is none.
    private func account(
        days: Double, planned: ((Int) -> Double)? = nil, own: (Int) -> Int
    ) -> ReferenceAccount {
        var account = ReferenceAccount(count: 40, at: Self.start)
        for seconds in stride(from: 15, through: Int(days * 86_400), by: 15) {
            account.step(
                demand: seconds % 3600 < 300 ? 60 : 30, asked: 0,
                planned: planned?(seconds) ?? Double(own(seconds)), current: own(seconds),
                leadTime: .seconds(120), bounds: 1...150, at: Self.start + .seconds(seconds))
        }
        return account
    }

    @Test
    func `who holds what the reference holds costs and leaves the same`() {
        var account = ReferenceAccount(count: 40, at: Self.start)
        for seconds in stride(from: 15, through: 86_400, by: 15) {
            account.step(
                demand: seconds % 3600 < 300 ? 60 : 30, asked: 0, planned: 30,
                current: account.reference.desired,
                leadTime: .seconds(120), bounds: 1...150, at: Self.start + .seconds(seconds))
        }

        #expect((0.97...1).contains(account.costRatio), "it began cheaper")
        #expect(account.ownShortage == account.referenceShortage)
        #expect(account.ownShortage > 0.005, "a start takes two minutes of the peak's five")
    }

    @Test
    func `what is desired is ready once it has been for as long as a start takes`() {
        var account = ReferenceAccount(count: 1, at: Self.start)
        for seconds in stride(from: 15, through: 300, by: 15) {
            account.step(
                demand: 10, asked: 0, planned: 10, current: 10, leadTime: .seconds(600), bounds: 1...150,
                at: Self.start + .seconds(seconds))
        }

        #expect(account.ownShortage == 0, "it is ten that have been desired all along")
        #expect(account.referenceShortage > 0)
    }

    @Test
    func `dearer is excess, unless a fourth is left unserved`() {
        let dear = account(days: 6) { $0 % 3600 < 300 ? 44 : 56 }
        let worthIt = account(days: 6) { $0 % 3600 < 300 || $0 % 3600 > 3480 ? 60 : 48 }
        let cheap = account(days: 6) { _ in 36 }

        #expect((1.1...1.25).contains(dear.costRatio), "\(dear)")
        #expect(dear.excess(premium: 0.2) == 1)
        #expect((1.04...1.2).contains(worthIt.costRatio), "\(worthIt)")
        #expect(worthIt.excess(premium: 0) == 1)
        #expect(worthIt.excess(premium: 0.2) == 0)
        #expect(cheap.costRatio < 0.9)
        #expect(cheap.excess(premium: 0) == 0)
    }

    @Test
    func `a few hours count as what there is to go by, a single peak does not`() {
        let dear = account(days: 0.125) { $0 % 3600 < 300 ? 44 : 56 }
        let short = account(days: 0.125) { _ in 30 }
        let peak = account(days: 0.02) { $0 % 3600 < 300 ? 44 : 56 }

        #expect(dear.excess(premium: 0) == 1, "\(dear.costRatio)")
        #expect(short.lack(risk: 0.05) == 1)
        #expect(peak.excess(premium: 0) < 1, "\(peak.costRatio)")
    }

    @Test
    func `an account of before reaches as far back as ever`() throws {
        let written = String(
            decoding: CanonicalJSON.encode(account(days: 1) { _ in 56 }), as: UTF8.self)
        let before = written.replacing(/,"reachSeconds":[0-9.]+/, with: "")
        var old = try CanonicalJSON.decode(ReferenceAccount.self, from: Array(before.utf8))
        var new = try CanonicalJSON.decode(ReferenceAccount.self, from: Array(written.utf8))
        let began = new.costRatio

        #expect(before != written)
        for minute in 1...600 {
            let at = Self.start + .seconds(86_400 + 60 * minute)
            old.step(
                demand: 30, asked: 0, planned: 30, current: 30, leadTime: .zero, bounds: 1...150, at: at)
            new.step(
                demand: 30, asked: 0, planned: 30, current: 30, leadTime: .zero, bounds: 1...150, at: at)
        }
        #expect(new.costRatio < old.costRatio && old.costRatio < began)
    }

    @Test
    func `a premium is for what the forecast foresees, not for what is held`() {
        let held: (Int) -> Int = { $0 % 3600 < 300 || $0 % 3600 > 3480 ? 60 : 48 }
        // The peak is seen as long before as it takes, three quarters of a minute late, or when it is there.
        let foreseen = account(days: 6, planned: { Double(held($0)) }, own: held)
        let late = account(days: 6, planned: { $0 % 3600 < 300 || $0 % 3600 > 3525 ? 60 : 48 }, own: held)
        let unforeseen = account(days: 6, planned: { $0 % 3600 < 300 ? 60 : 48 }, own: held)
        let dearer = foreseen.costRatio - 1

        #expect((0.04...0.2).contains(dearer))
        #expect(late.costRatio == foreseen.costRatio && late.ownShortage == foreseen.ownShortage)
        #expect(foreseen.foreseenShortage == foreseen.ownShortage)
        #expect(foreseen.excess(premium: dearer + 0.05) == 0)
        #expect((0.0031..<0.0059).contains(late.foreseenShortage), "\(late.foreseenShortage)")
        #expect(late.excess(premium: dearer + 0.05) > 0)
        #expect(late.excess(premium: 5 * dearer) == 0)
        #expect(unforeseen.foreseenShortage > 0.006, "\(unforeseen.foreseenShortage)")
        #expect(unforeseen.excess(premium: 5 * dearer) == 1)
        // While a model is young, of which the account tells nothing yet, less that is left unserved is enough.
        #expect(unforeseen.excess(premium: 5 * dearer, isYoung: true) == 0)
        #expect(unforeseen.excess(premium: 0, isYoung: true) == 1)
    }

    @Test
    func `an account of before knows of no plan`() throws {
        let written = CanonicalJSON.encode(ReferenceAccount(count: 3, at: Self.start))

        var account = try CanonicalJSON.decode(ReferenceAccount.self, from: written)

        #expect(!String(decoding: written, as: UTF8.self).contains("plan"))
        #expect(account.foreseenShortage == 0)
        account.step(
            demand: 3, asked: 0, planned: 2, current: 3, leadTime: .zero, bounds: 1...9,
            at: Self.start + .seconds(60))
        #expect(account.foreseenShortage > 0)
    }

    @Test
    func `more unserved than the reference leaves is lack, beyond what the risk implies`() {
        let short = account(days: 6) { _ in 30 }
        let alike = account(days: 6) { $0 % 3600 < 300 || $0 % 3600 > 3480 ? 58 : 40 }

        #expect(short.ownShortage > short.referenceShortage + 0.02)
        #expect(short.lack(risk: 0.05) == 1)
        #expect(
            (0.1...0.9).contains(short.lack(risk: 50 * (short.ownShortage - short.referenceShortage) - 0.125))
        )
        #expect(alike.lack(risk: 0.001) == 0)
    }

    @Test
    func `while nothing is needed and nothing kept, nothing is forgotten`() {
        var account = ReferenceAccount(count: 0, at: Self.start)
        func step(_ hours: Range<Int>, demand: Double) {
            for minute in (hours.lowerBound * 60)..<(hours.upperBound * 60) {
                account.step(
                    demand: demand, asked: 0, planned: demand, current: demand > 0 ? 9 : 0,
                    leadTime: .seconds(30),
                    bounds: 0...60, at: Self.start + .seconds(60 * minute))
            }
        }
        step(0..<24, demand: 3)
        let dear = account.costRatio

        step(24..<480, demand: 0)

        #expect(dear > 1.3)
        #expect(abs(account.costRatio - dear) < 0.02)
    }

    @Test
    func `it fades, knows nothing of long silences, and takes no harm from a clock that goes back`() {
        var account = account(days: 6) { _ in 80 }
        let dear = account.costRatio
        var at = Self.start + .seconds(6 * 86_400)
        func step(after time: Duration) {
            at += time
            account.step(
                demand: 30, asked: 0, planned: 30, current: 40, leadTime: .seconds(120), bounds: 1...150,
                at: at)
        }

        step(after: .seconds(86_400))
        #expect(account.costRatio == dear)
        step(after: .seconds(-3600))
        #expect(account.costRatio == dear)
        for _ in 0..<(2 * 86_400 / 60) { step(after: .seconds(60)) }

        #expect(dear > 1.5)
        #expect((1.0...1.3).contains(account.costRatio))
    }

    @Test
    func `old journals know no account and no premium`() throws {
        var memory = ScalingMemory()
        memory.account = ReferenceAccount(count: 3, at: Self.start)
        let written = CanonicalJSON.encode(memory)
        let prediction = CanonicalJSON.encode(Prediction(signal: "load", premium: nil))

        #expect(try CanonicalJSON.decode(ScalingMemory.self, from: written) == memory)
        #expect(
            !String(decoding: CanonicalJSON.encode(ScalingMemory()), as: UTF8.self).contains("account"))
        #expect(!String(decoding: prediction, as: UTF8.self).contains("premium"))
        #expect(try CanonicalJSON.decode(Prediction.self, from: prediction).premium == nil)
    }
}
