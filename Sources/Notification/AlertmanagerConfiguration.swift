package import Discovery
package import Relabelling
import TimeSeries

/// The section `alerting` of the configuration.
package struct AlertingConfiguration: Hashable, Sendable {
    /// `alert_relabel_configs`: applied to the labels of every alert before it is queued.
    package var alertRelabelRules: [RelabelRule]
    package var alertmanagers: [AlertmanagerConfiguration]

    package init(alertRelabelRules: [RelabelRule] = [], alertmanagers: [AlertmanagerConfiguration] = []) {
        self.alertRelabelRules = alertRelabelRules
        self.alertmanagers = alertmanagers
    }
}

/// One entry of `alertmanagers`: where they are and how they are spoken to.
package struct AlertmanagerConfiguration: Hashable, Sendable {
    package var scheme = "http"
    package var pathPrefix = ""
    package var timeout = Duration.seconds(10)
    package var client = HTTPClientConfiguration()
    package var relabelRules: [RelabelRule] = []
    package var alertRelabelRules: [RelabelRule] = []
    package var staticGroups: [TargetGroup] = []
    package var files: [FileDiscovery.Configuration] = []

    package init() {}

    /// Where alerts are posted below a server's address.
    var alertsPath: String {
        let prefix = pathPrefix.split(separator: "/").joined(separator: "/")
        return (prefix.isEmpty ? "" : "/" + prefix) + "/api/v2/alerts"
    }

    /// The URLs that the targets of the groups come to, without repetition, and the addresses that relabelling dropped.
    func endpoints(_ groups: [TargetGroup]) -> (urls: [String], dropped: [String]) {
        var urls: [String] = []
        var dropped: [String] = []
        for group in groups {
            for target in group.targets {
                let discovered = group.labels.merging(target).merging(
                    Labels(["__scheme__": scheme, "__alerts_path__": alertsPath]))
                guard let labels = RelabelRule.apply(relabelRules, to: discovered),
                    let url = url(labels)
                else {
                    dropped.append(url(discovered) ?? discovered.description)
                    continue
                }
                if !urls.contains(url) { urls.append(url) }
            }
        }
        return (urls, dropped)
    }

    private func url(_ labels: Labels) -> String? {
        guard let address = labels["__address__"], !address.contains("/") else { return nil }
        return (labels["__scheme__"] ?? "http") + "://" + address + (labels["__alerts_path__"] ?? "")
    }
}
