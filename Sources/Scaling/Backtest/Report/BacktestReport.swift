/// A run as a page of its own: a table, cost against what was left unserved, and each controller's supply beside
/// the demand.
package struct BacktestReport: Sendable {
    package var title: String
    package var plan: BacktestPlan
    package var results: [BacktestPlan.Result]
    /// By controller.
    package var charts: [(name: String, chart: BacktestChart)]
    /// What a search or a comparison with a baseline said.
    package var remarks: [String]

    package init(
        title: String, plan: BacktestPlan, results: [BacktestPlan.Result],
        charts: [(name: String, chart: BacktestChart)], remarks: [String] = []
    ) {
        self.title = title
        self.plan = plan
        self.results = results
        self.charts = charts
        self.remarks = remarks
    }

    package var html: String {
        var page = """
            <!doctype html><html lang="en"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
            <title>\(BacktestText.escaped(title))</title>
            <style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:980px;margin:2em auto;padding:0 1em;color:#1b2430}
            table{border-collapse:collapse;width:100%}td,th{padding:.3em .6em;text-align:right}
            th,td:first-child{white-space:nowrap}.wide{overflow-x:auto}.note{font-size:13px;color:#4a5766}
            td:first-child,th:first-child{text-align:left}tr+tr{border-top:1px solid #d8dee6}
            svg{width:100%;height:auto;background:#f7f9fb;border-radius:4px}
            svg text{font-size:11px;fill:#4a5766}svg .e{text-anchor:end}svg .m{text-anchor:middle}
            svg line{stroke:#dde3ea}svg polyline{fill:none;stroke-width:1.2}
            svg .d{stroke:#c2571a}svg .r{stroke:#2f6db3}svg circle{fill:#2f6db3}
            .key b{font-weight:600}.key .d{color:#c2571a}.key .r{color:#2f6db3}
            @media(prefers-color-scheme:dark){body{background:#12161b;color:#d7dee6}svg{background:#1a2027}
            svg text,.note{fill:#9fb0c0;color:#9fb0c0}svg line{stroke:#2a323b}tr+tr{border-color:#2a323b}
            svg .d{stroke:#f0935a}svg .r{stroke:#6aa9f0}svg circle{fill:#6aa9f0}
            .key .d{color:#f0935a}.key .r{color:#6aa9f0}}
            </style></head><body><h1>\(BacktestText.escaped(title))</h1>

            """
        page +=
            "<p>Start-up \(plan.settings.startUpSeconds) s; judged after "
            + "\(BacktestText.number(Double(plan.settings.evaluateAfterSeconds) / 86_400)) days; one replica serves "
            + "\(BacktestText.number(plan.trace.capacity)) within its objective.</p>\n"
        for remark in remarks { page += "<p><strong>\(BacktestText.escaped(remark))</strong></p>\n" }
        page += table() + Self.legend + "<h2>Cost and unserved demand</h2>\n"
        page +=
            "<p>To the right: replica-hours per replica-hour needed. Upwards: percent of demand unserved.</p>\n"
        page += PlotWriter.pareto(results) + "\n"
        let most = charts.flatMap { $0.chart.demand + $0.chart.ready }.max() ?? 1
        for (name, chart) in charts {
            page += "<h2>\(BacktestText.escaped(name))</h2>\n"
            page +=
                "<p class=\"key\">Replicas <b class=\"d\">needed</b> and <b class=\"r\">ready</b>\(thinned(chart)).</p>\n"
            page += PlotWriter.lines(chart, most: most, name: name) + "\n"
        }
        return page + "</body></html>\n"
    }

    /// What the letters of the table stand for.
    private static let legend =
        "<p class=\"note\">Unserved: demand that found no replica. Cost: replica-hours per replica-hour needed. "
        + "SPEC’s elasticity: θU and θO, mean missing and surplus replicas in percent of those needed; τU and τO, "
        + "percent of the time with too few and with too many; υ, percent of the time in which supply and demand "
        + "move differently; σ, the deviation over all of these; κ, the share of them in which a policy is better "
        + "than the others; ε, the speed-up over <i>static</i>, empty where that is not among them or one of the "
        + "two never has too few or never too many.</p>\n"

    /// How many ticks a point of a plot stands for.
    private func thinned(_ chart: BacktestChart) -> String {
        guard chart.stride > 1 else { return "" }
        let seconds = chart.stride * plan.settings.tickSeconds
        let stretch =
            seconds < 120 ? "\(seconds) seconds" : "\(AxisTicks.text(Double(seconds) / 60)) minutes"
        return ": of each \(stretch) the most needed and the fewest ready"
    }

    private func table() -> String {
        let heads = [
            "policy", "unserved %", "cost", "changes/h", "reversals/h", "θU", "θO", "τU", "τO", "υ", "σ",
            "κ", "ε",
        ]
        var rows = "<div class=\"wide\"><table><tr>" + heads.map { "<th>\($0)</th>" }.joined() + "</tr>\n"
        let competition = BacktestCompetition(results)
        for (index, result) in results.enumerated() {
            let score = result.score
            let numbers: [Double?] = [
                score.unservedPercent, score.costRatio, score.adaptationsPerHour, score.reversalsPerHour,
                score.spec.thetaU, score.spec.thetaO, score.spec.tauU, score.spec.tauO, score.spec.ups,
                score.spec.sigma, competition.kappa(index), competition.epsilon(index),
            ]
            rows +=
                "<tr><td>\(BacktestText.escaped(result.name))</td>"
                + numbers.map { "<td>\($0.map(BacktestText.number) ?? "")</td>" }.joined() + "</tr>\n"
        }
        return rows + "</table></div>\n"
    }
}
