import TimeSeries

/// What one replica is to have, in thousandths of a core and bytes.
package struct ReplicaSize: Hashable, Sendable, Codable {
    package var milliCPU: Int
    package var memoryBytes: Int

    package init(milliCPU: Int, memoryBytes: Int) {
        self.milliCPU = milliCPU
        self.memoryBytes = memoryBytes
    }
}

extension Deliberation {
    /// A size that is off by no more than this share stays.
    private static let sizeTolerance = 0.1

    /// Takes in what replicas use, and decides on their size where the count has been steady and stays. Count and size
    /// are decided here, one after the other: never both at once, and after one of them has changed the other waits
    /// until the signals show it. So neither chases the other.
    mutating func settleSize(_ measurement: Measurement, _ memory: inout ScalingMemory) {
        guard let sizing = policy.sizing else { return }
        if measurement.policy == policy.name { memory.takeIn(measurement.usage ?? [], sizing, at: now) }
        guard let size = counts.size, let wanted = recommended(sizing, size, memory), wanted != size else {
            return
        }
        let text = "\(Self.text(size)) now, \(Self.text(wanted)) by usage"
        guard count == current else {
            return note(.sizing, "size", text + "; waits: the count changes", count: current)
        }
        if let changedAt = memory.changedAt, changedAt <= now, now - changedAt < sizing.settle {
            return note(
                .sizing, "size", text + "; waits: the count has just changed",
                until: changedAt + sizing.settle)
        }
        if let resizedAt = memory.resizedAt, resizedAt <= now, now - resizedAt < sizing.settle {
            return note(
                .sizing, "size", text + "; waits: the size has just changed", until: resizedAt + sizing.settle
            )
        }
        guard counts.starting == 0 else {
            return note(.sizing, "size", text + "; waits: replicas are starting")
        }
        guard sizing.mode == .resize, policy.mode == .active else {
            self.size = wanted
            return note(.sizing, "size", text + "; a recommendation")
        }
        self.size = wanted
        memory.resized(at: now)
        note(.sizing, "size", text)
    }

    /// Nothing is removed until the signals show what a new size makes of the load.
    mutating func waitForSize(_ memory: ScalingMemory) {
        guard let sizing = policy.sizing, count < current, let resizedAt = memory.resizedAt, resizedAt <= now,
            now - resizedAt < sizing.settle
        else { return }
        count = current
        note(.held, "size", "the size of the replicas has just changed", until: resizedAt + sizing.settle)
    }

    private func recommended(_ sizing: Sizing, _ size: ReplicaSize, _ memory: ScalingMemory) -> ReplicaSize? {
        var wanted = size
        if let cpu = sizing.cpu, let usage = memory.sizes?.cpu.quantile(cpu.quantile) {
            // Where the count follows a share of the reservation, the size keeps that share at its target: else each
            // would undo what the other did.
            let headroom = max(1 + cpu.margin, shareTarget.map { 1 / $0 } ?? 0)
            let cores = max(cpu.least, min(usage * headroom, cpu.most))
            let step = 10
            let milli = Replicas.covering(cores * 1000 / Double(step)) * step
            if isOff(Double(milli), Double(size.milliCPU)) { wanted.milliCPU = milli }
        }
        if let memoryRule = sizing.memory, let usage = memory.sizes?.memory.quantile(memoryRule.quantile) {
            let bytes = max(memoryRule.least, min(usage * (1 + memoryRule.margin), memoryRule.most))
            let mebibytes = Replicas.covering(bytes / 1_048_576)
            if isOff(Double(mebibytes) * 1_048_576, Double(size.memoryBytes)) {
                wanted.memoryBytes = mebibytes * 1_048_576
            }
        }
        return wanted
    }

    private func isOff(_ wanted: Double, _ present: Double) -> Bool {
        present <= 0 || abs(wanted / present - 1) > Self.sizeTolerance
    }

    /// The smallest target that is a share of what is reserved.
    private var shareTarget: Double? {
        policy.signals.compactMap { signal in
            if case .mean(let target) = signal.target, signal.unit == .share, target > 0 {
                target
            } else {
                nil
            }
        }.min()
    }

    private static func text(_ size: ReplicaSize) -> String {
        "\(size.milliCPU)m and \(SignalPolicy.Unit.bytes.text(Double(size.memoryBytes)))"
    }
}

/// What replicas were seen to use.
package struct SizeMemory: Hashable, Sendable, Codable {
    /// Cores, from a hundredth on.
    var cpu = UsageHistogram(unit: 0.01)
    /// Bytes, from ten megabytes on.
    var memory = UsageHistogram(unit: 10_000_000)
    /// The peak of the present five minutes: memory that was needed once is needed.
    var peak: Double?
    var peakSince: Timestamp?

    static let peakWindow = Duration.seconds(300)
}

extension ScalingMemory {
    mutating func takeIn(_ usage: [ResourceUsage], _ sizing: Sizing, at now: Timestamp) {
        var known = sizes ?? SizeMemory()
        for used in usage where used.value.isFinite && used.value >= 0 {
            switch used.resource {
            case .cpu:
                if let rule = sizing.cpu { known.cpu.add(used.value, at: now, halfLife: rule.halfLife) }
            case .memory:
                guard let rule = sizing.memory else { continue }
                known.peak = max(known.peak ?? 0, used.value)
                let since = known.peakSince ?? now
                known.peakSince = since
                if now - since >= SizeMemory.peakWindow, let peak = known.peak {
                    known.memory.add(peak, at: now, halfLife: rule.halfLife)
                    known.peak = nil
                    known.peakSince = now
                }
            }
        }
        sizes = known
    }
}

extension SizeMemory: ClockBound {
    package mutating func clockStepped(by step: Duration) {
        cpu.clockStepped(by: step)
        memory.clockStepped(by: step)
        peakSince.clockStepped(by: step)
    }
}
