import Documents
import Fleet
import Testing
import TimeSeries

@testable import Scaling

/// What a backtest tells: comparison, choice and page.
struct BacktestReportTests {
    private func result(_ name: String, unserved: Double, cost: Double, changes: Double = 5)
        -> BacktestPlan.Result
    {
        BacktestPlan.Result(
            name: name,
            score: BacktestScore(
                unservedPercent: unserved, costRatio: cost, adaptationsPerHour: changes, reversalsPerHour: 1))
    }

    @Test
    func `a change says what it costs and what it serves`() {
        let comparison = BacktestComparison(
            baseline: result("old", unserved: 0.6, cost: 1.3), limits: [])

        #expect(
            comparison.text(result("new", unserved: 0.2, cost: 1.339))
                == "new: this policy change costs +3.0 %, unserved -0.4 pp, changes +0/h (beside old)")
    }

    @Test(arguments: [
        ("cost > +3%", 1.34, 0.5, true), ("cost > +3%", 1.33, 0.5, false),
        ("cost > 1.5", 1.49, 0.5, false), ("cost > 1.5", 1.51, 0.5, true),
        ("unserved > +0.1pp", 1.3, 0.61, true), ("unserved > +0.1pp", 1.3, 0.59, false),
        ("unserved > 0.4", 1.3, 0.41, true), ("changes > +10%", 1.3, 0.5, false),
        ("unserved > -0.1pp", 1.3, 0.45, true),
    ])
    func `a limit refuses what is above it`(text: String, cost: Double, unserved: Double, isExceeded: Bool)
        throws
    {
        let comparison = BacktestComparison(
            baseline: result("old", unserved: 0.5, cost: 1.3),
            limits: [try #require(BacktestComparison.Limit(text))])

        #expect(
            comparison.exceeded(result("new", unserved: unserved, cost: cost)) == (isExceeded ? [text] : []))
    }

    @Test
    func `without a baseline a limit is a number`() throws {
        let limits = try ["cost > 1.3", "unserved > 0.1", "cost > +3%"].map {
            try #require(BacktestComparison.Limit($0))
        }
        let comparison = BacktestComparison(baseline: nil, limits: limits)
        let new = result("new", unserved: 0.05, cost: 1.4)

        #expect(limits.map(\.isRelative) == [false, false, true])
        #expect(comparison.exceeded(new) == ["cost > 1.3"])
        #expect(comparison.text(new) == nil)
    }

    @Test(arguments: ["cost", "cost > ", "cost > x", "price > 3", "cost > +%", "cost > nan"])
    func `what is no limit is none`(text: String) {
        #expect(BacktestComparison.Limit(text) == nil)
    }

    @Test
    func `the front has nobody whom another beats on both axes`() {
        let results = [
            result("dear", unserved: 0.1, cost: 1.6), result("worse", unserved: 0.2, cost: 1.6),
            result("cheap", unserved: 0.9, cost: 1.1), result("equal", unserved: 0.9, cost: 1.1),
            result("middle", unserved: 0.3, cost: 1.3), result("beaten", unserved: 0.4, cost: 1.35),
        ]

        let front = BacktestSearch.front(results)

        #expect(front.map(\.name) == ["cheap", "middle", "dear"])
        #expect(BacktestSearch.choice(front, unservedPercent: 0.35)?.name == "middle")
        #expect(BacktestSearch.choice(front, unservedPercent: 0.01)?.name == "dear")
        #expect(BacktestSearch.choice([], unservedPercent: 1) == nil)
    }

    @Test
    func `what turns the count all the time is no choice, unless there is no other`() {
        var restless = result("restless", unserved: 0.1, cost: 1.1)
        restless.score.reversalsPerHour = 16
        let calm = result("calm", unserved: 0.1, cost: 1.2)

        #expect(
            BacktestSearch.calm([restless, calm], reversalsPerHour: 4).map(\.name) == ["calm"])
        #expect(BacktestSearch.calm([restless], reversalsPerHour: 4).map(\.name) == ["restless"])
    }

    @Test
    func `variants differ in what they say and in name`() {
        let policy = ScalingPolicy(
            name: "web", workload: WorkloadID("web")!, maxReplicas: 10,
            signals: [SignalPolicy(name: "load", query: "q", target: .perReplica(1))],
            prediction: Prediction(signal: "load"))

        let variants = BacktestSearch.variants(of: policy)

        #expect(variants.count == 63)
        #expect(Set(variants.map(\.name)).count == 63)
        #expect(Set(variants.compactMap { $0.prediction?.risk }).count == 7)
        #expect(variants.contains { $0.name == "web risk=5% hold=20m band=8% window=5m" })
    }

    @Test
    func `a page stands alone, shows every controller, and trusts no name`() async throws {
        let trace = try #require(
            DemandTrace((0..<1000).map { 50 + Double($0 % 100) }, stepSeconds: 60))
        let settings = Backtest.Settings(startUpSeconds: 60, evaluateAfterSeconds: 600)
        let plan = BacktestPlan(trace: trace, settings: settings, comparators: [.hpa, .fixed])
        var charts: [(name: String, chart: BacktestChart)] = []
        let results = await plan.run(chart: { name, chart in charts.append((name, chart)) })

        let page = BacktestReport(
            title: "<b>", plan: plan, results: results, charts: charts, remarks: ["a & b"]
        ).html

        #expect(page.contains("&lt;b&gt;"))
        #expect(page.contains("a &amp; b"))
        #expect(page.contains("<h2>hpa-v2</h2>") && page.contains("<h2>static</h2>"))
        #expect(page.components("<svg") == 3)
        #expect(page.components("<polyline") == 4)
        #expect(!page.contains("<script") && !page.contains("http"))
        #expect(!page.contains("nan"))
    }

    @Test
    func `axes have round numbers`() {
        #expect(AxisTicks.whole(upTo: 54) == [0, 20, 40, 60])
        #expect(AxisTicks.whole(upTo: 1) == [0, 1])
        #expect(AxisTicks.whole(upTo: 1234) == [0, 500, 1000, 1500])
        #expect(AxisTicks.linear(1, 1.87, steps: 8).map(AxisTicks.text) == ["1", "1.2", "1.4", "1.6", "1.8"])
        #expect(AxisTicks.linear(0, 20, steps: 20).count == 21)
        #expect(
            AxisTicks.squareRoot(upTo: 0.051, apart: 18, height: 206).map(AxisTicks.text)
                == ["0", "0.001", "0.005", "0.01", "0.02", "0.05"])
        #expect(AxisTicks.linear(1, .infinity, steps: 8) == [1])
    }

    @Test
    func `names in a plot do not lie on one another`() {
        let points = [(x: 100.0, y: 100.0), (x: 102.0, y: 102.0), (x: 300.0, y: 100.0)]
        var labels = PlotLabels(points, within: 10...216)

        let heights = points.map { labels.place(7, beside: $0) }

        #expect(heights[0] == 100 && heights[2] == 100)
        #expect(abs((heights[1] ?? 100) - 100) >= 10)
    }

    @Test
    func `all plots of a page have one scale`() async throws {
        let trace = try #require(DemandTrace((0..<1000).map { 50 + Double($0 % 100) }, stepSeconds: 60))
        let plan = BacktestPlan(
            trace: trace, settings: Backtest.Settings(startUpSeconds: 60, evaluateAfterSeconds: 600),
            comparators: [.hpa, .fixed])
        var charts: [(name: String, chart: BacktestChart)] = []
        let results = await plan.run(chart: { name, chart in charts.append((name, chart)) })

        let page = BacktestReport(title: "t", plan: plan, results: results, charts: charts).html

        // Of the plots over time, the marks of the counts.
        let plots = page.split(separator: "<svg").dropFirst(2).map { plot in
            plot.split(separator: "class=\"e\">").dropFirst().map { $0.prefix { $0 != "<" } }
        }
        #expect(plots.count == 2 && plots[0].count > 2)
        #expect(plots[0] == plots[1])
        #expect(page.contains("hour ") && page.contains("κ, the share"))
    }

    @Test
    func `a thinned chart keeps the worst of each stretch`() {
        var chart = BacktestChart(ticks: 12_000)
        for tick in 0..<12_000 {
            chart.add(
                Backtest.Point(
                    seconds: tick * 15, demand: tick == 5003 ? 90 : 10, ready: tick == 7007 ? 2 : 12,
                    desired: 12))
        }

        #expect(chart.seconds.count <= BacktestChart.maxPoints)
        #expect(chart.demand.max() == 90)
        #expect(chart.ready.min() == 2)
    }

    @Test
    func `times may be dates, values any column, and rows off the grid`() throws {
        let dates = try DemandTrace.parse(
            csv: "timestamp,value\n2014-02-28 23:55:00,1\n2014-03-01 00:00:00,2\n2014-03-01 00:10:00,4\n",
            file: "t.csv")
        let column = try DemandTrace.parse(
            csv: "minute_utc,requests,bytes\n1998-04-30T21:30,2,900\n1998-04-30T21:31,11,800\n",
            file: "w.csv", column: "bytes")
        let uneven = try DemandTrace.parse(csv: "t_s,v\n0,1\n57,2\n115,3\n171,4\n", file: "u.csv")

        #expect(dates.stepSeconds == 300)
        #expect(dates.values == [1, 2, 2, 4])
        #expect(column.values == [900, 800])
        #expect(column.stepSeconds == 60)
        #expect(uneven.values == [1, 2, 3, 4])
    }

    @Test(arguments: [
        ("cpu,memory\n0.4,1\n,2\n0.5,3\n", "cpu"), ("cpu,memory\n0.4,1\nNaN,2\n0.5,3\n", nil),
        ("cpu\n0.4\nnull\n0.5\n", nil), ("0.4\n0.4\n0.5\n", nil),
    ])
    func `rows without times are as far apart as is said`(text: String, column: String?) throws {
        let trace = try DemandTrace.parse(csv: text, file: "t.csv", column: column, stepSeconds: 300)

        #expect(trace.stepSeconds == 300)
        #expect(trace.values == [0.4, 0.4, 0.5])
    }

    @Test
    func `rows with times are as far apart as these`() throws {
        let trace = try DemandTrace.parse(csv: "t_s,v\n0,1\n60,2\n", file: "t.csv", stepSeconds: 300)

        #expect(trace.stepSeconds == 60)
        #expect(trace.values == [1, 2])
    }

    @Test(arguments: [
        ("load", "no column \"load\"; there are value"),
        (
            "t_s",
            "the times are in column \"t_s\"; there are value, or, where it has no times, --step says how far rows are apart"
        ),
    ])
    func `a column that is no demand is named with those that are`(column: String, what: String) {
        do {
            _ = try DemandTrace.parse(csv: "t_s,value\n0,1\n", file: "t.csv", column: column)
            Issue.record("accepted")
        } catch {
            #expect(error.description == "t.csv:1:1: \(what)")
        }
    }
}

extension String {
    /// How often a part occurs.
    fileprivate func components(_ part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
