import Documents
import PromQL
package import Rules
import TimeSeries
package import Web

/// `/api/v1/rules` and `/api/v1/alerts`.
package struct RuleRoutes: Sendable {
    private let groups: @Sendable () async -> [RuleGroupStatus]

    /// - Parameter groups: in the order of files and of groups in them.
    package init(groups: @escaping @Sendable () async -> [RuleGroupStatus]) { self.groups = groups }

    package var routes: [Route] {
        [
            Route([.get], "/api/v1/rules", role: .query, "Rule groups and how they fare", handler: rules),
            Route([.get], "/api/v1/alerts", role: .query, "Pending and firing alerts", handler: alerts),
        ]
    }

    private func rules(_ request: WebRequest) async throws -> WebResponse {
        let filter = try RuleFilter(request)
        var shown: [RuleGroupStatus] = []
        for var group in await groups() where filter.admits(group) {
            let had = group.rules.count
            group.rules.removeAll { !filter.admits($0) }
            if filter.isSelective, group.rules.isEmpty, had > 0 { continue }
            shown.append(group)
        }
        let page = try RuleGroupPage(shown, request)
        return Envelope.success(reserving: 16 << 10) { json in
            json.object { json in
                json.key("groups")
                json.array { json in
                    for group in page.groups { json.ruleGroup(group, showsAlerts: filter.showsAlerts) }
                }
                if let token = page.nextToken { json.field("groupNextToken", token) }
            }
        }
    }

    private func alerts(_ request: WebRequest) async throws -> WebResponse {
        let all = await groups().flatMap(\.alerts)
        return Envelope.success { json in
            json.object { json in
                json.key("alerts")
                json.array { json in for alert in all { json.alert(alert) } }
            }
        }
    }
}

/// The parameters of `/api/v1/rules` that choose rules.
struct RuleFilter {
    private let type: String
    private let names: Set<String>
    private let groups: Set<String>
    private let files: Set<String>
    private let matchers: [[Matcher]]
    let showsAlerts: Bool

    init(_ request: WebRequest) throws(WebError) {
        type = request["type"]?.lowercased() ?? ""
        guard ["", "alert", "record"].contains(type) else {
            throw .invalid("type", "not supported value \(Labels.quoted(type))")
        }
        names = Set(request.all("rule_name[]"))
        groups = Set(request.all("rule_group[]"))
        files = Set(request.all("file[]"))
        switch request["exclude_alerts"] ?? "" {
        case "", "false", "0": showsAlerts = true
        case "true", "1": showsAlerts = false
        default: throw .invalid("exclude_alerts", "must be true or false")
        }
        var sets: [[Matcher]] = []
        for text in request.all("match[]") {
            do throws(QueryError) {
                sets.append(try Expression.parseSelector(text))
            } catch {
                throw .invalid("match[]", error.description)
            }
        }
        matchers = sets
    }

    /// Whether rules may be left out, so that a group may have none left.
    var isSelective: Bool { !type.isEmpty || !names.isEmpty || !matchers.isEmpty }

    func admits(_ group: RuleGroupStatus) -> Bool {
        (groups.isEmpty || groups.contains(group.name)) && (files.isEmpty || files.contains(group.file))
    }

    func admits(_ rule: RuleStatus) -> Bool {
        let isAlert = if case .alerting = rule.kind { true } else { false }
        guard type.isEmpty || (type == "alert") == isAlert else { return false }
        guard names.isEmpty || names.contains(rule.name) else { return false }
        return matchers.isEmpty
            || matchers.contains { set in set.allSatisfy { $0.matches(rule.labels) } }
    }
}

/// A page of groups: `group_limit` of them from the one that `group_next_token` stands for.
private struct RuleGroupPage {
    let groups: [RuleGroupStatus]
    /// Stands for the first group of the next page.
    let nextToken: String?

    init(_ all: [RuleGroupStatus], _ request: WebRequest) throws(WebError) {
        let limit = try request.count("group_limit")
        var start = 0
        if let token = request["group_next_token"], !token.isEmpty {
            guard limit != nil else {
                throw .badRequest("group_limit needs to be present in order to paginate over the groups")
            }
            guard let index = all.firstIndex(where: { Self.token($0) == token }) else {
                throw .badRequest("invalid group_next_token '\(token)'. were rule groups changed?")
            }
            start = index
        }
        let end = limit.map { min(all.count, start + min($0, all.count)) } ?? all.count
        groups = Array(all[start..<end])
        nextToken = end < all.count && end > start ? Self.token(all[end]) : nil
    }

    private static func token(_ group: RuleGroupStatus) -> String {
        String(
            Labels([(name: "file", value: group.file), (name: "group", value: group.name)]).stableHash,
            radix: 16)
    }
}
