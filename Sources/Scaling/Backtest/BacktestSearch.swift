import TimeSeries

/// Variants of one policy, and those of them that no other beats on cost and unserved demand alike.
package struct BacktestSearch: Sendable {
    /// What may vary, each over some values.
    package struct Space: Sendable {
        package var risks: [Double] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4]
        package var holds: [Duration] = [.seconds(600), .seconds(1200), .seconds(2400)]
        package var bands: [Double] = [0.04, 0.08, 0.16]
        package var windows: [Duration] = [.seconds(300)]

        package init() {}
    }

    /// All variants of a policy, named for what they change.
    package static func variants(of policy: ScalingPolicy, in space: Space = Space()) -> [ScalingPolicy] {
        guard let prediction = policy.prediction else {
            return space.windows.map { window in
                var variant = policy
                variant.behaviour.down.window = window
                variant.name = "\(policy.name) window=\(window.prometheusText)"
                return variant
            }
        }
        var variants: [ScalingPolicy] = []
        for hold in space.holds {
            for risk in space.risks {
                for band in space.bands {
                    for window in space.windows {
                        var variant = policy
                        var changed = prediction
                        changed.hold = hold
                        changed.risk = risk
                        changed.band = band
                        variant.prediction = changed
                        variant.behaviour.down.window = window
                        let share = SignalPolicy.Unit.share
                        variant.name =
                            "\(policy.name) risk=\(share.text(risk)) hold=\(hold.prometheusText) "
                            + "band=\(share.text(band)) window=\(window.prometheusText)"
                        variants.append(variant)
                    }
                }
            }
        }
        return variants
    }

    /// Those that turn the count no more often than this; all where none is so calm.
    package static func calm(_ results: [BacktestPlan.Result], reversalsPerHour most: Double)
        -> [BacktestPlan.Result]
    {
        let calm = results.filter { $0.score.reversalsPerHour <= most }
        return calm.isEmpty ? results : calm
    }

    /// Those that no other result equals or beats on both axes, the cheapest first.
    package static func front(_ results: [BacktestPlan.Result]) -> [BacktestPlan.Result] {
        let sorted = results.enumerated().sorted { a, b in
            (a.element.score.costRatio, a.element.score.unservedPercent, a.offset)
                < (b.element.score.costRatio, b.element.score.unservedPercent, b.offset)
        }
        var front: [BacktestPlan.Result] = []
        var least = Double.infinity
        for (_, result) in sorted where result.score.unservedPercent < least {
            least = result.score.unservedPercent
            front.append(result)
        }
        return front
    }

    /// Of a front the cheapest that leaves no more unserved than allowed; else the one that leaves least.
    package static func choice(
        _ front: [BacktestPlan.Result], unservedPercent: Double
    ) -> BacktestPlan.Result? {
        front.first { $0.score.unservedPercent <= unservedPercent } ?? front.last
    }
}
