import Documents
import TimeSeries

/// Reads `behaviour`.
enum BehaviourReader {
    static func behaviour(_ node: Node, _ document: DocumentReader) -> ScalingBehaviour? {
        document.mapping(node, "behaviour") { fields in
            let up = fields.node("scale_up").flatMap {
                direction($0, "scale_up", document, default: ScalingBehaviour.defaultUp)
            }
            let down = fields.node("scale_down").flatMap {
                direction($0, "scale_down", document, default: ScalingBehaviour.defaultDown)
            }
            return ScalingBehaviour(
                up: up ?? ScalingBehaviour.defaultUp, down: down ?? ScalingBehaviour.defaultDown,
                flapBudget: fields.scalar("changes", expected: budgetNotation, budget),
                changeCost: fields.duration("change_cost", in: .zero...(.seconds(86_400))))
        }
    }

    private static func direction(
        _ node: Node, _ what: String, _ document: DocumentReader,
        default standard: ScalingBehaviour.Direction
    ) -> ScalingBehaviour.Direction? {
        document.mapping(node, what) { fields in
            let window = fields.duration("window", in: .zero...(.seconds(3600)))
            let limit = fields.scalar("limit", expected: VelocityLimit.expected, VelocityLimit.init(text:))
            return ScalingBehaviour.Direction(
                window: window ?? standard.window, limit: limit ?? standard.limit,
                isLimitAssumed: limit == nil ? standard.isLimitAssumed : nil,
                tolerance: fields.share("tolerance", in: 0...0.9) ?? standard.tolerance,
                cooldown: fields.duration("cooldown", in: .zero...(.seconds(86_400))))
        }
    }

    private static let budgetNotation =
        "such as \"8 per 1h\": 1 to \(ScalingMemory.maxChanges) changes, per up to 1d"

    private static func budget(_ text: String) -> ScalingBehaviour.FlapBudget? {
        guard let rate = VelocityLimit.Rate(words: text.split(separator: " ")),
            case .replicas(let changes) = rate.amount, changes <= ScalingMemory.maxChanges
        else { return nil }
        return ScalingBehaviour.FlapBudget(changes: changes, period: rate.period)
    }
}

/// Reads `predict`.
enum PredictionReader {
    static func prediction(_ node: Node, _ document: DocumentReader) -> Prediction? {
        document.mapping(node, "predict") { fields -> Prediction? in
            let signal = fields.require("signal").flatMap { PolicyReader.label($0, "signal", document) }
            let leadTime = fields.scalar(
                "lead_time",
                expected: "\"measured\", \"measured or 60s\" or a duration such as 3m, from 0s to 1d",
                self.leadTime)
            let hold = fields.duration("hold", in: .zero...PolicyReader.day)
            let risk = fields.share("risk", in: 0.001...0.5)
            let history = fields.duration("history", in: .seconds(60)...(.seconds(90 * 86_400)))
            let step = fields.duration("step", in: .milliseconds(100)...(.seconds(3600)))
            let band = fields.share("band", in: 0...0.5)
            let headroom = fields.share("headroom", in: 0...2)
            let premium = fields.scalar(
                "premium", expected: "\"unbounded\" or a percentage from 0% to 100%", self.premium)
            let seasons = self.seasons(fields)
            guard let signal else { return nil }
            let standard = Prediction(signal: signal, risk: risk ?? Prediction(signal: signal).risk)
            return Prediction(
                signal: signal, leadTime: leadTime ?? standard.leadTime, hold: hold ?? standard.hold,
                risk: risk ?? standard.risk, history: history ?? standard.history, step: step,
                band: band ?? standard.band, headroom: headroom ?? standard.headroom,
                premium: premium ?? standard.premium, seasons: seasons)
        } ?? nil
    }

    private static let mostSeasons = 2

    /// Nil where the model is to find them.
    private static func seasons(_ fields: FieldReader) -> [Duration]? {
        let seasons = fields.list("seasons") { node in
            fields.document.scalar(node, "a season", expected: "a duration such as 1d or 7d") { text in
                Duration(prometheus: text).flatMap { $0 > .zero ? $0 : nil }
            }
        }
        if let seasons, seasons.count > mostSeasons || Set(seasons).count < seasons.count {
            fields.report("at most \(mostSeasons) seasons are allowed, of different lengths", at: "seasons")
        }
        return seasons
    }

    /// Nil within for one that is unbounded.
    private static func premium(_ text: String) -> Double?? {
        if text == "unbounded" { return .some(nil) }
        guard let quantity = Quantity(text), quantity.unit == .share, (0...1).contains(quantity.value) else {
            return nil
        }
        return .some(quantity.value)
    }

    private static func leadTime(_ text: String) -> Prediction.LeadTime? {
        func duration(_ text: some StringProtocol) -> Duration? {
            Duration(prometheus: text).flatMap { $0 <= PolicyReader.day ? $0 : nil }
        }
        if text == "measured" { return .measured(assumed: .seconds(60)) }
        if text.hasPrefix("measured or ") {
            return duration(text.dropFirst("measured or ".count)).map { .measured(assumed: $0) }
        }
        return duration(text).map { .fixed($0) }
    }
}
