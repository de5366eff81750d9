/// Evenly spaced moments in milliseconds: the steps of an evaluation, or what a selector refers to at each of
/// them. A step of 0 stands for one moment, repeated.
struct Grid: Hashable, Sendable {
    var start: Int64
    var step: Int64
    var count: Int

    func time(_ index: Int) -> Int64 { start &+ Int64(index) &* step }

    var last: Int64 { time(max(0, count - 1)) }

    /// Only the first moment.
    var first: Grid { Grid(start: start, step: step, count: min(1, count)) }

    /// All moments earlier by so much.
    func moved(back offset: Int64) -> Grid { Grid(start: start &- offset, step: step, count: count) }

    /// The same moment at every step.
    func fixed(at time: Int64) -> Grid { Grid(start: time, step: 0, count: count) }
}
