/// What keeps moments of a wall clock that may be set. They move with it, so that as much time has passed since them, or is
/// left until them, as before.
package protocol ClockBound {
    /// The clock was set forward by so much, or back where negative.
    mutating func clockStepped(by step: Duration)
}

extension Timestamp: ClockBound {
    package mutating func clockStepped(by step: Duration) { self += step }
}

extension Optional: ClockBound where Wrapped: ClockBound {
    package mutating func clockStepped(by step: Duration) { self?.clockStepped(by: step) }
}

extension Array: ClockBound where Element: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        for index in indices { self[index].clockStepped(by: step) }
    }
}

extension Dictionary: ClockBound where Value: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        for key in keys { self[key]?.clockStepped(by: step) }
    }
}
