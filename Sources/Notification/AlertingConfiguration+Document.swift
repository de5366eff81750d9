import Discovery
package import Documents
import Relabelling
import TimeSeries

extension AlertingConfiguration {
    /// Reads the section `alerting`.
    /// - Parameter directory: what relative paths are relative to, the folder of the configuration file.
    package static func read(
        _ node: Node, _ document: DocumentReader, directory: String
    ) -> AlertingConfiguration? {
        document.mapping(node, "alerting") { fields in
            AlertingConfiguration(
                alertRelabelRules: RelabelRule.list("alert_relabel_configs", of: fields),
                alertmanagers: fields.list("alertmanagers") { node in
                    AlertmanagerConfiguration.read(node, document, directory: directory)
                } ?? [])
        }
    }
}

extension AlertmanagerConfiguration {
    static func read(
        _ node: Node, _ document: DocumentReader, directory: String
    ) -> AlertmanagerConfiguration? {
        document.mapping(node, "an alertmanagers entry") { fields in
            var result = AlertmanagerConfiguration()
            result.scheme =
                fields.scalar("scheme", expected: "http or https") { text in
                    ["http", "https"].first { $0 == text.lowercased() }
                } ?? result.scheme
            result.pathPrefix = fields.string("path_prefix") ?? ""
            let timeout = fields.scalar("timeout", expected: "a duration such as 10s") {
                Duration(prometheus: $0)
            }
            if let timeout, timeout > .zero { result.timeout = timeout }
            _ = fields.scalar("api_version", expected: "v2, the only one that Alertmanager still has") {
                $0 == "v2" ? $0 : nil
            }
            result.client = HTTPClientConfiguration.read(fields, directory: directory)
            result.relabelRules = RelabelRule.list("relabel_configs", of: fields)
            result.alertRelabelRules = RelabelRule.list("alert_relabel_configs", of: fields)
            var index = -1
            result.staticGroups =
                fields.list("static_configs") { node in
                    index += 1
                    return TargetGroup.read(node, document, source: "static:\(index)")
                } ?? []
            result.files = FileDiscovery.Configuration.list(fields, directory: directory)
            UnsupportedDiscovery.report(fields)
            if fields.node("sigv4") != nil { fields.report("sigv4 is not supported yet", at: "sigv4") }
            return result
        }
    }
}
