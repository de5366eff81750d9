import Relabelling
import TimeSeries

extension TargetSet {
    /// Makes targets of what was discovered, as Prometheus does: defaults of the configuration, relabelling, checks.
    package init(_ job: ScrapeConfiguration, groups: [TargetGroup]) {
        self.init()
        var seen: Set<Target> = []
        for group in groups {
            for labels in group.targets {
                let discovered = job.defaults(for: group.labels.merging(labels))
                switch job.target(discovered) {
                case .success(let target):
                    var identity = target
                    identity.discovered = .empty
                    if seen.insert(identity).inserted { active.append(target) }
                case .failure(let drop):
                    droppedCount += 1
                    if droppedCount <= job.keepsDroppedTargets ?? .max {
                        let dropped = DroppedTarget(
                            pool: job.jobName, discovered: discovered, reason: drop.reason)
                        self.dropped.append(dropped)
                    }
                }
            }
        }
        active.sort { ($0.url, $0.labels) < ($1.url, $1.labels) }
        if let limit = job.limits.targets, active.count > limit {
            limitExceeded = "target_limit exceeded (number of targets: \(active.count), limit: \(limit))"
        }
    }
}

private struct Drop: Error {
    var reason: DroppedTarget.Reason
    static func invalid(_ text: String) -> Drop { Drop(reason: .invalid(text)) }
}

extension ScrapeConfiguration {
    /// Discovered labels with those that the configuration adds where they are missing.
    fileprivate func defaults(for labels: Labels) -> Labels {
        var pairs: [(name: String, value: String)] = [
            (name: "job", value: jobName), (name: "__scrape_interval__", value: interval.prometheusText),
            (name: "__scrape_timeout__", value: timeout.prometheusText),
            (name: "__metrics_path__", value: metricsPath), (name: "__scheme__", value: scheme),
        ]
        pairs += labels.pairs
        for parameter in parameters {
            if let first = parameter.values.first {
                pairs.append((name: "__param_" + parameter.name, value: first))
            }
        }
        return Labels(pairs)
    }

    fileprivate func target(_ discovered: Labels) -> Result<Target, Drop> {
        guard let relabelled = RelabelRule.apply(relabelRules, to: discovered) else {
            return .failure(Drop(reason: .relabelled))
        }
        guard let address = relabelled["__address__"] else { return .failure(.invalid("no address")) }
        guard !address.contains("/") else {
            return .failure(.invalid("\"\(address)\" is not a valid hostname"))
        }
        let scheme = relabelled["__scheme__"] ?? "http"
        guard scheme == "http" || scheme == "https" else {
            return .failure(.invalid("invalid scheme: \"\(scheme)\""))
        }
        let intervalText = relabelled["__scrape_interval__"] ?? ""
        let timeoutText = relabelled["__scrape_timeout__"] ?? ""
        guard let interval = Duration(prometheus: intervalText), interval > .zero else {
            return .failure(.invalid("scrape interval \"\(intervalText)\" is no duration above 0"))
        }
        guard let timeout = Duration(prometheus: timeoutText), timeout > .zero else {
            return .failure(.invalid("scrape timeout \"\(timeoutText)\" is no duration above 0"))
        }
        guard timeout <= interval else {
            return .failure(
                .invalid(
                    "scrape timeout cannot be greater than scrape interval (\(timeoutText) > \(intervalText))"
                ))
        }
        var visible = relabelled.pairs.filter { !$0.name.hasPrefix("__") }
        if relabelled["instance"] == nil { visible.append((name: "instance", value: address)) }
        return .success(
            Target(
                pool: jobName, labels: Labels(visible), discovered: discovered,
                url: url(relabelled, scheme: scheme, address: address), interval: interval, timeout: timeout))
    }

    private func url(_ labels: Labels, scheme: String, address: String) -> String {
        var values = Dictionary(
            parameters.map { ($0.name, $0.values) }, uniquingKeysWith: { first, second in first + second })
        for (name, value) in labels.pairs where name.hasPrefix("__param_") {
            let key = String(name.dropFirst("__param_".count))
            if values[key]?.isEmpty ?? true { values[key] = [value] } else { values[key]?[0] = value }
        }
        let path = labels["__metrics_path__"] ?? ""
        let query = values.sorted { $0.key < $1.key }.flatMap { key, values in
            values.map { URLText.query(key) + "=" + URLText.query($0) }
        }
        return scheme + "://" + address + (path.hasPrefix("/") || path.isEmpty ? "" : "/")
            + URLText.path(path)
            + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }
}

/// Percent-encoding as Go's net/url does it, which is what a target sees from Prometheus.
enum URLText {
    static func path(_ text: String) -> String { encode(text, keeping: "-_.~$&+,/:;=@") }

    static func query(_ text: String) -> String {
        encode(text, keeping: "-_.~ ").replacing(" ", with: "+")
    }

    private static func encode(_ text: String, keeping kept: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            let isPlain =
                (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
                || kept.utf8.contains(byte)
            if isPlain {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
