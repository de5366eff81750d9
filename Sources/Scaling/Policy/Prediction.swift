import TimeSeries

/// A forecast of one signal's maximum over the time that new replicas take to start and are then held.
package struct Prediction: Hashable, Sendable, Codable {
    package enum LeadTime: Hashable, Sendable, Codable {
        /// The 95th percentile of the workload's recent start-ups; `assumed` until there are some.
        case measured(assumed: Duration)
        case fixed(Duration)
    }

    /// The signal it is about; its target is `perReplica`.
    package var signal: String
    package var leadTime: LeadTime
    /// For how long nothing is removed that may be needed again.
    package var hold: Duration
    /// The share of moments in which demand may exceed the forecast: 0.05 plans for the 95th percentile.
    package var risk: Double
    /// How much of the past the model sees.
    package var history: Duration
    /// The distance of the model's points; nil for the largest that gives the history at most 20,160 points,
    /// not below the policy's interval.
    package var step: Duration?
    /// By how much the count may exceed what is foreseen before it is lowered.
    package var band: Double
    /// What is kept above the measured demand where no forecast is used.
    package var headroom: Double
    /// By how much the policy may be dearer than a reactive autoscaler where that earns it; nil where it is compared
    /// with none. See `ReferenceAccount`.
    package var premium: Double?
    /// How long its cycles are, where a person knows them; nil where the model looks for them.
    package var seasons: [Duration]?

    package static let defaultHold = Duration.seconds(1200)
    /// A forecast above the present count by no more than this share is no reason to add.
    package static let leastRise = 0.02
    /// When replicas are added, so much more of what will be kept for the hold is added with them.
    static let mostAdvance = 0.04
    package static let defaultHeadroom = 0.14
    package static let defaultPremium = 0.25

    package init(
        signal: String, leadTime: LeadTime = .measured(assumed: .seconds(60)),
        hold: Duration = Self.defaultHold,
        risk: Double = 0.05, history: Duration = .seconds(14 * 86_400), step: Duration? = nil,
        band: Double? = nil, headroom: Double = Self.defaultHeadroom, premium: Double? = Self.defaultPremium,
        seasons: [Duration]? = nil
    ) {
        self.signal = signal
        self.leadTime = leadTime
        self.hold = hold
        self.risk = risk
        self.history = history
        self.step = step
        self.band = band ?? Self.defaultBand(risk: risk)
        self.headroom = headroom
        self.premium = premium
        self.seasons = seasons
    }

    /// Far quantiles move more from minute to minute: the smaller the risk, the wider the band, within 8.5 % and 12 %.
    package static func defaultBand(risk: Double) -> Double { min(0.12, max(0.085, 0.16 - risk)) }

    /// The seasons in steps, the shorter first; nil where the model looks for them.
    func periods(stepSeconds: Double) -> [Int]? {
        seasons?.map { max(2, Int(($0.inSeconds / stepSeconds).rounded())) }.sorted()
    }

    /// The risk at which replicas are kept for the hold: three times that of adding, since what is missing then can still
    /// be started.
    package var keepRisk: Double { Self.keepRisk(risk) }

    static func keepRisk(_ risk: Double) -> Double { min(0.5, 3 * risk) }

    /// Journals of before there were a band, headroom and a premium know none of them.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        signal = try values.decode(String.self, forKey: .signal)
        leadTime = try values.decode(LeadTime.self, forKey: .leadTime)
        hold = try values.decode(Duration.self, forKey: .hold)
        risk = try values.decode(Double.self, forKey: .risk)
        history = try values.decode(Duration.self, forKey: .history)
        step = try values.decodeIfPresent(Duration.self, forKey: .step)
        band = try values.decodeIfPresent(Double.self, forKey: .band) ?? 0
        headroom = try values.decodeIfPresent(Double.self, forKey: .headroom) ?? 0
        premium = try values.decodeIfPresent(Double.self, forKey: .premium)
        seasons = try values.decodeIfPresent([Duration].self, forKey: .seasons)
    }
}
