package import Control

/// What the actuator makes of the answers to one command: go on trying, or say how it ended. Pure; the wait between
/// two attempts grows exponentially with full jitter.
package struct Attempts: Hashable, Sendable {
    package struct Limits: Hashable, Sendable {
        /// Including the first.
        package var attempts: Int
        package var firstDelay: Duration
        package var maxDelay: Duration

        package init(
            attempts: Int = 4, firstDelay: Duration = .milliseconds(200), maxDelay: Duration = .seconds(5)
        ) {
            self.attempts = attempts
            self.firstDelay = firstDelay
            self.maxDelay = maxDelay
        }
    }

    package enum Step: Hashable, Sendable {
        case retry(after: Duration)
        case finish(Outcome)
    }

    package private(set) var made = 0
    private let limits: Limits
    private let isIdempotent: Bool
    /// Set once an answer was lost: from then on only a clear yes or a refusal by the ledger ends in certainty.
    private var lost: String?

    package init(limits: Limits, isIdempotent: Bool) {
        self.limits = limits
        self.isIdempotent = isIdempotent
    }

    /// The next step after an answer.
    /// - Parameters:
    ///   - error: Nil where the backend took the command.
    ///   - remaining: Until the command's deadline.
    ///   - random: In 0..<1.
    package mutating func next(after error: BackendError?, remaining: Duration, random: Double) -> Step {
        made += 1
        switch error {
        case nil:
            return .finish(.done)
        case .refused(let why):
            // A backend that knows the id would have said yes to it; one that does not may have acted before.
            if let lost, !isIdempotent { return .finish(.unknown(lost)) }
            return .finish(.failed(why))
        case .fenced(let seen):
            if let lost { return .finish(.unknown(lost)) }
            return .finish(.superseded("epoch \(seen) has taken over"))
        case .unavailable(let why):
            return retry(random, remaining, otherwise: lost.map(Outcome.unknown) ?? .failed(why))
        case .ambiguous(let why):
            lost = why
            guard isIdempotent else { return .finish(.unknown(why)) }
            return retry(random, remaining, otherwise: .unknown(why))
        }
    }

    private func retry(_ random: Double, _ remaining: Duration, otherwise outcome: Outcome) -> Step {
        guard made < limits.attempts else { return .finish(outcome) }
        let ceiling = min(limits.maxDelay, limits.firstDelay * (1 << min(made - 1, 16)))
        let delay = ceiling * random
        return delay < remaining ? .retry(after: delay) : .finish(outcome)
    }
}
