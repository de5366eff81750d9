/// Runs controllers over recorded demand with start-up time and a delayed sensor: the simulator of
/// autoscaling.md 3.2.
package struct Backtest: Sendable {
    package struct Settings: Hashable, Sendable {
        package var startUpSeconds: Int
        /// What lies before is seen by the controllers and not judged.
        package var evaluateAfterSeconds: Int
        package var tickSeconds: Int
        package var maxReplicas: Int
        /// A request that waits for longer gives up.
        package var requestTimeoutSeconds: Int

        package init(
            startUpSeconds: Int = 180, evaluateAfterSeconds: Int = 8 * 86_400, tickSeconds: Int = 15,
            maxReplicas: Int = 150, requestTimeoutSeconds: Int = 60
        ) {
            self.startUpSeconds = max(0, startUpSeconds)
            self.evaluateAfterSeconds = max(0, evaluateAfterSeconds)
            self.tickSeconds = max(1, tickSeconds)
            self.maxReplicas = max(1, maxReplicas)
            self.requestTimeoutSeconds = max(0, requestTimeoutSeconds)
        }
    }

    /// The supply and demand of a tick, for plots.
    package struct Point: Hashable, Sendable {
        package var seconds: Int
        package var demand: Int
        package var ready: Int
        package var desired: Int
    }

    package let trace: DemandTrace
    package let settings: Settings

    package init(_ trace: DemandTrace, _ settings: Settings) {
        self.trace = trace
        self.settings = settings
    }

    /// Runs one controller from the beginning of the trace.
    /// - Parameter observe: called at each judged tick.
    package func run(
        _ controller: any BacktestController, observe: (Point) -> Void = { _ in }
    ) -> BacktestScore {
        var controller = controller
        let tick = settings.tickSeconds
        var tally = BacktestTally()
        var sensor = Sensor(
            tickSeconds: tick, capacity: trace.capacity, timeoutSeconds: settings.requestTimeoutSeconds)
        var fleet = SimulatedFleet(
            ready: demand(at: 0), startUp: controller.isClairvoyant ? 0 : settings.startUpSeconds)
        var desired = fleet.total
        for now in stride(from: 0, through: trace.durationSeconds, by: tick) {
            fleet.advance(to: now)
            if controller.isClairvoyant {
                // It knew in time: what it decides is ready now.
                decide(&controller, &sensor, &fleet, &desired, &tally, now)
            }
            let load = trace.demand(atSeconds: now)
            let needed = demand(at: now)
            if now >= settings.evaluateAfterSeconds {
                tally.count(demand: needed, supply: fleet.ready)
                observe(Point(seconds: now, demand: needed, ready: fleet.ready, desired: desired))
            }
            if !controller.isClairvoyant { decide(&controller, &sensor, &fleet, &desired, &tally, now) }
            sensor.measure(load, ready: fleet.ready)
        }
        return tally.score(tickSeconds: tick)
    }

    private func decide(
        _ controller: inout any BacktestController, _ sensor: inout Sensor, _ fleet: inout SimulatedFleet,
        _ desired: inout Int, _ tally: inout BacktestTally, _ now: Int
    ) {
        guard let measured = sensor.reading else { return }
        let view = BacktestView(
            seconds: now, load: measured.load, utilisation: measured.utilisation,
            unboundUtilisation: measured.unbound, backlog: sensor.backlog,
            queued: sensor.queued(ready: fleet.ready), ready: fleet.ready, starting: fleet.startingCount,
            desired: desired)
        let count = max(0, min(controller.desired(view), settings.maxReplicas))
        if now >= settings.evaluateAfterSeconds { tally.adapt(from: desired, to: count) }
        desired = count
        fleet.scale(to: count, at: now)
    }

    func demand(at seconds: Int) -> Int {
        max(1, Replicas.covering(trace.demand(atSeconds: seconds) / trace.capacity))
    }
}

/// What is measured of the fleet: the mean of the last two finished ticks.
struct Sensor {
    struct Reading {
        var load: Double
        var utilisation: Double?
        var unbound: Double?
    }

    private let tickSeconds: Double
    private let capacity: Double
    private let timeoutSeconds: Double
    private var last: Reading?
    private(set) var reading: Reading?
    private(set) var backlog = 0.0
    private var queued = 0.0
    /// What came within the timeout, where its next tick goes, and its sum.
    private var arrived: [Double]
    private var next = 0
    private var waiting = 0.0

    init(tickSeconds: Int, capacity: Double, timeoutSeconds: Int) {
        self.tickSeconds = Double(tickSeconds)
        self.capacity = capacity
        self.timeoutSeconds = Double(timeoutSeconds)
        arrived = [Double](repeating: 0, count: max(1, timeoutSeconds / tickSeconds))
    }

    mutating func measure(_ load: Double, ready: Int) {
        let limit = capacity / DemandTrace.objectiveUtilisation
        let unbound = ready > 0 ? load / (Double(ready) * limit) : nil
        let now = Reading(load: load, utilisation: unbound.map { min(1, $0) }, unbound: unbound)
        let before = last ?? now
        reading = Reading(
            load: (before.load + now.load) / 2, utilisation: Self.mean(before.utilisation, now.utilisation),
            unbound: Self.mean(before.unbound, now.unbound))
        last = now
        let left = (load / capacity - Self.rate(ready)) * tickSeconds
        backlog = max(0, backlog + left)
        let came = load / capacity * tickSeconds
        waiting += came - arrived[next]
        arrived[next] = came
        next = (next + 1) % arrived.count
        // Once a round it is summed anew, so that no error adds up.
        if next == 0 { waiting = arrived.reduce(0, +) }
        // What came earlier has been served or has given up.
        queued = max(0, min(queued + left, waiting))
    }

    /// What waits of requests and is still served before it gives up.
    func queued(ready: Int) -> Double { min(queued, timeoutSeconds * Self.rate(ready)) }

    /// What so many replicas work off in a second.
    private static func rate(_ ready: Int) -> Double { Double(ready) / DemandTrace.objectiveUtilisation }

    private static func mean(_ a: Double?, _ b: Double?) -> Double? {
        guard let a, let b else { return a ?? b }
        return (a + b) / 2
    }
}
