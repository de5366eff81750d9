import Actuation
import Control
import Testing

@Suite struct AttemptsTests {
    private func attempts(idempotent: Bool = true) -> Attempts {
        Attempts(
            limits: Attempts.Limits(attempts: 3, firstDelay: .seconds(1), maxDelay: .seconds(3)),
            isIdempotent: idempotent)
    }

    @Test func `delays double up to their ceiling and are drawn from the whole range`() {
        var limits = Attempts.Limits(attempts: 9, firstDelay: .seconds(1), maxDelay: .seconds(3))
        limits.attempts = 9
        var attempts = Attempts(limits: limits, isIdempotent: true)
        let steps = (0..<4).map { _ in
            attempts.next(after: .unavailable("down"), remaining: .seconds(60), random: 0.5)
        }

        #expect(steps == [500, 1000, 1500, 1500].map { .retry(after: .milliseconds($0)) })
    }

    @Test func `a lost answer is asked for again only where a repeat is safe`() {
        var safe = attempts()
        var unsafe = attempts(idempotent: false)

        #expect(
            safe.next(after: .ambiguous("reset"), remaining: .seconds(60), random: 0) == .retry(after: .zero))
        #expect(
            unsafe.next(after: .ambiguous("reset"), remaining: .seconds(60), random: 0)
                == .finish(.unknown("reset")))
    }

    @Test func `after a lost answer no silence makes a failure`() {
        var attempts = attempts()
        _ = attempts.next(after: .ambiguous("reset"), remaining: .seconds(60), random: 0)
        _ = attempts.next(after: .unavailable("down"), remaining: .seconds(60), random: 0)

        #expect(
            attempts.next(after: .unavailable("down"), remaining: .seconds(60), random: 0)
                == .finish(.unknown("reset")))
    }

    @Test func `no retry begins after the deadline`() {
        var attempts = attempts()

        #expect(
            attempts.next(after: .unavailable("down"), remaining: .milliseconds(400), random: 0.5)
                == .finish(.failed("down")))
    }

    @Test func `a fenced command is superseded, unless an earlier attempt may have acted`() {
        var clean = attempts()
        var doubtful = attempts()
        _ = doubtful.next(after: .ambiguous("reset"), remaining: .seconds(60), random: 0)

        guard
            case .finish(.superseded) = clean.next(after: .fenced(seen: 2), remaining: .seconds(1), random: 0)
        else {
            Issue.record("not superseded")
            return
        }
        #expect(
            doubtful.next(after: .fenced(seen: 2), remaining: .seconds(1), random: 0)
                == .finish(.unknown("reset")))
    }
}
