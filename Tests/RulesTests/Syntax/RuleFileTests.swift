import Documents
import Testing
import TimeSeries

@testable import Rules

@Suite struct RuleFileTests {
    private func problems(_ text: String) -> [String] {
        do {
            _ = try RuleFile.parse(text, file: "f")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func `everything that a file says is read`() throws {
        let file = try RuleFile.parse(
            """
            groups:
            - name: g
              interval: 15s
              query_offset: 5s
              limit: 3
              labels: {team: a, tier: x}
              rules:
              - record: job:up:sum
                expr: sum by (job) (up)
                labels: {tier: "{{ kept }}"}
              - alert: Down
                expr: up==0
                for: 1m
                keep_firing_for: 2m
                annotations: {summary: "{{ $labels.job }}"}
            """, file: "f.yml")

        let group = try #require(file.groups.first)
        #expect(group.key == RuleGroup.Key(file: "f.yml", name: "g"))
        #expect(group.interval == .seconds(15))
        #expect(group.queryOffset == .seconds(5))
        #expect(group.limit == 3)
        #expect(group.rules.map(\.name) == ["job:up:sum", "Down"])
        #expect(group.rules[0].labelTexts == Labels([("team", "a"), ("tier", "{{ kept }}")]))
        #expect(group.rules[1].labelTexts == Labels([("team", "a"), ("tier", "x")]))
        #expect(group.rules[1].query == "up == 0")
        guard case .alerting(let alerting) = group.rules[1].kind else { return #expect(Bool(false)) }
        #expect(alerting.holdDuration == .seconds(60))
        #expect(alerting.keepFiringFor == .seconds(120))
        #expect(alerting.annotations.map(\.name) == ["summary"])
    }

    @Test func `what a file does not say comes from the options`() throws {
        let options = RuleFile.Options(interval: .seconds(7), queryOffset: .seconds(2))
        let file = try RuleFile.parse("groups: [{name: g}]", file: "f", options: options)

        #expect(file.groups[0].interval == .seconds(7))
        #expect(file.groups[0].queryOffset == .seconds(2))
    }

    @Test func `an empty file has no groups`() throws {
        #expect(try RuleFile.parse("", file: "f").groups.isEmpty)
        #expect(try RuleFile.parse("groups:\n", file: "f").groups.isEmpty)
    }

    @Test func `group names are unique in a file`() {
        #expect(
            problems("groups:\n- name: a\n- name: a\n- rules: []\n") == [
                "f:3:9: group name \"a\" is repeated in the same file",
                "f:4:3: a rule group needs a name that is not empty",
            ])
    }

    @Test func `every mistake is told, in the order of the file`() {
        let text = """
            groups:
            - name: g
              interval: soon
              rules:
              - record: a
                expr: |
                  sum(
                    rate(x)
                  )
              - alert: b
                expr: up ==
                for: 5 minutes
                labels: {x: "{{ $value | nope }}"}
            """
        #expect(
            problems(text).map { $0.split(separator: ":").prefix(3).joined(separator: ":") } == [
                "f:3:13", "f:8:14", "f:11:16", "f:12:10", "f:13:30",
            ])
    }

    @Test func `a duration names what is allowed`() {
        #expect(
            problems("groups: [{name: g, interval: 5x}]") == [
                "f:1:30: interval must be a duration such as 30s or 1h30m, found \"5x\""
            ])
    }

    @Test func `evaluation times are aligned and differ between groups`() {
        let a = RuleGroup(name: "a", file: "f", interval: .seconds(60), rules: [])
        let b = RuleGroup(name: "b", file: "f", interval: .seconds(60), rules: [])
        let moment = Timestamp(milliseconds: 1_700_000_123_456)

        #expect(a.offset != b.offset)
        #expect(a.slot(atOrBefore: moment) <= moment)
        #expect(moment - a.slot(atOrBefore: moment) < .seconds(60))
        #expect(a.slot(atOrBefore: a.slot(atOrBefore: moment)) == a.slot(atOrBefore: moment))
        #expect((a.slot(atOrBefore: moment).milliseconds - a.offset.milliseconds) % 60_000 == 0)
    }
}
