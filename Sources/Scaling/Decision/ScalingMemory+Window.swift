import TimeSeries

extension [ScalingMemory.Recommendation] {
    /// Puts a count into a sliding window of which only what can still be the extreme is kept: ascending in time, each
    /// beating the next. A clock that went back shortens no window: later entries count as of now.
    /// - Returns: the extreme of the window, the new count included.
    @discardableResult
    mutating func slide(
        adding count: Int, at now: Timestamp, window: Duration, _ beats: (Int, Int) -> Bool
    ) -> Int {
        if let first, window <= .zero || now - first.at >= window {
            removeAll { window <= .zero || now - $0.at >= window }
        }
        if let last, last.at > now {
            for index in indices where self[index].at > now { self[index].at = now }
        }
        while let last, !beats(last.count, count) { removeLast() }
        append(ScalingMemory.Recommendation(at: now, count: count))
        return self[0].count
    }

    /// Forgets what would be too much to keep; errs towards keeping the extreme longer.
    mutating func limit(to most: Int) {
        guard count > most else { return }
        self[1].count = self[0].count
        removeFirst()
    }
}
