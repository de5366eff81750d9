/// What one evaluation of a group came to.
package struct GroupOutcome: Sendable {
    /// A rule that failed; the others went on.
    package struct Failure: Hashable, Sendable {
        package var rule: String
        package var message: String
    }

    /// Samples that were recorded, stale markers not counted.
    package var samples = 0
    /// What Alertmanager shall hear.
    package var notifications: [AlertNotification] = []
    package var transitions: [AlertTransition] = []
    package var failures: [Failure] = []
}
