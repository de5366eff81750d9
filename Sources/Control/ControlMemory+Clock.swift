import Fleet
import Scaling
import TimeSeries

extension ControlMemory: ClockBound {
    /// All that was noted moves with the clock: windows, limits, holds and deadlines last as long as if it had not been
    /// set. Pauses are until a moment on the wall and stay.
    package mutating func clockStepped(by step: Duration) {
        now += step
        clockSteppedAt = now
        beganAt += step
        observedAt.clockStepped(by: step)
        fleet.clockStepped(by: step)
        policies.clockStepped(by: step)
        ledger.clockStepped(by: step)
        freeze.clockStepped(by: step)
        collapse.clockStepped(by: step)
        requests.clockStepped(by: step)
        watches.clockStepped(by: step)
        retired.clockStepped(by: step)
        velocities.clockStepped(by: step)
        fleetVelocity.clockStepped(by: step)
        resizeHolds.clockStepped(by: step)
        backOffs.clockStepped(by: step)
        unplaced.clockStepped(by: step)
        singletonHolds.clockStepped(by: step)
    }
}

extension ControlMemory.PolicyMemory: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        scaling.clockStepped(by: step)
        recordedAt.clockStepped(by: step)
        collapsedAt.clockStepped(by: step)
    }
}

extension ControlMemory.Unplaced: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        since += step
        recordedAt.clockStepped(by: step)
    }
}

extension ControlMemory.RequestRecord: ClockBound {
    package mutating func clockStepped(by step: Duration) { at += step }
}

extension ControlMemory.SingletonHold: ClockBound {
    mutating func clockStepped(by step: Duration) { until += step }
}

extension ControlView.Freeze: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        since += step
        until += step
    }
}

extension NodeWatch: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        silentSince.clockStepped(by: step)
        losses.clockStepped(by: step)
        quarantinedUntil.clockStepped(by: step)
        nextStart.clockStepped(by: step)
        readySince.clockStepped(by: step)
    }
}

extension StartBackOff: ClockBound {
    package mutating func clockStepped(by step: Duration) { until += step }
}

extension Intent: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        issuedAt += step
        deadline += step
        if case .acknowledged(let at) = state { state = .acknowledged(at: at + step) }
    }
}
