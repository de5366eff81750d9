/// How fast and how willingly a count moves.
package struct ScalingBehaviour: Hashable, Sendable, Codable {
    /// How one direction behaves.
    package struct Direction: Hashable, Sendable, Codable {
        /// The count moves only as far as every recommendation in this window agrees.
        package var window: Duration
        package var limit: VelocityLimit
        /// Whether nobody wrote the limit: then it gives way to forecasts that have been right. Nil in journals of before,
        /// when none did.
        package var isLimitAssumed: Bool?
        /// A deviation from the target of up to this share is none.
        package var tolerance: Double
        /// After a change of the count in either direction, none in this one for so long; none where nil.
        package var cooldown: Duration?

        package init(
            window: Duration, limit: VelocityLimit, isLimitAssumed: Bool? = nil, tolerance: Double = 0.1,
            cooldown: Duration? = nil
        ) {
            self.window = window
            self.limit = limit
            self.isLimitAssumed = isLimitAssumed
            self.tolerance = tolerance
            self.cooldown = cooldown
        }
    }

    /// At most so many changes of the count in a period. Scale-out is never held back by it: the budget is
    /// spent by both directions and stops only scale-in.
    package struct FlapBudget: Hashable, Sendable, Codable {
        package var changes: Int
        package var period: Duration

        package init(changes: Int, period: Duration) {
            self.changes = changes
            self.period = period
        }
    }

    package var up: Direction
    package var down: Direction
    package var flapBudget: FlapBudget?
    /// What a change of the count costs, as the time in which one replica runs: the count is lowered once what the replicas
    /// too many have cost comes to that. Scale-out is never held back by it; nil is nothing.
    package var changeCost: Duration?

    package init(
        up: Direction = Self.defaultUp, down: Direction = Self.defaultDown, flapBudget: FlapBudget? = nil,
        changeCost: Duration? = nil
    ) {
        self.up = up
        self.down = down
        self.flapBudget = flapBudget
        self.changeCost = changeCost
    }

    /// Doubles, or adds four, in a quarter of a minute; at once.
    package static let defaultUp = Direction(
        window: .zero,
        limit: .largest([
            VelocityLimit.Rate(.share(1), per: .seconds(15)),
            VelocityLimit.Rate(.replicas(4), per: .seconds(15)),
        ]))

    /// A tenth, or one, in five minutes, once all recommendations of five minutes agree.
    package static let defaultDown = Direction(
        window: .seconds(300),
        limit: .largest([
            VelocityLimit.Rate(.share(0.1), per: .seconds(300)),
            VelocityLimit.Rate(.replicas(1), per: .seconds(300)),
        ]), isLimitAssumed: true)
}

/// How much a count may change in a time.
package enum VelocityLimit: Hashable, Sendable, Codable {
    package struct Rate: Hashable, Sendable, Codable {
        package enum Amount: Hashable, Sendable, Codable {
            case replicas(Int)
            /// Of the count at the beginning of the period.
            case share(Double)
        }

        package var amount: Amount
        package var period: Duration

        package init(_ amount: Amount, per period: Duration) {
            self.amount = amount
            self.period = period
        }
    }

    case none
    /// The direction is closed.
    case blocked
    /// The rate that allows most; never empty.
    case largest([Rate])
    /// The rate that allows least; never empty.
    case smallest([Rate])
}
