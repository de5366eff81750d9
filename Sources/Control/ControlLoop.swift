package import TimeSeries

/// The whole of control as one function: events in, effects out. Pure, total and deterministic: it reads no clock, awaits
/// nothing and throws nothing; equal events at equal times yield equal effects on every machine.
package struct ControlLoop: Hashable, Sendable, Codable {
    package private(set) var memory: ControlMemory

    package init() { memory = ControlMemory() }

    /// By less a clock is not set: it is slewed, or two clocks were read one after the other. One that goes back by no more
    /// stands still here.
    package static let clockSlack: Duration = .seconds(10)

    /// Takes a batch of events, in order, as of one moment.
    ///
    /// Every `record` comes before every `execute`. Time never runs backwards here: a moment before the last one counts
    /// as the last one, unless the clock was set back by more than ten seconds. Where the clock was set, what is
    /// remembered moves with it.
    package mutating func step(_ events: [Event], at: Timestamp) -> [Effect] {
        for case .clockStepped(let step) in events { memory.clockStepped(by: step) }
        var turn = Turn(memory: memory, at: at)
        memory = ControlMemory()
        turn.inspectDemand(events)
        for event in events { turn.take(event) }
        turn.conclude()
        memory = turn.memory
        return turn.effects
    }
}
