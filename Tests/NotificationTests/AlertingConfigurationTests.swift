import Discovery
import Documents
import Testing
import TimeSeries

@testable import Notification

@Suite struct AlertingConfigurationTests {
    static func read(_ text: String) throws -> AlertingConfiguration {
        let document = DocumentReader(file: "f")
        let root = try YAMLDocument.parse(text, file: "f")
        return try document.finish(AlertingConfiguration.read(root, document, directory: "/etc/fly"))
    }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try Self.read(text)
            return []
        } catch let error as DocumentError {
            return error.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func `an entry says where and how`() throws {
        let configuration = try Self.read(
            """
            alert_relabel_configs: [{action: labeldrop, regex: replica}]
            alertmanagers:
            - scheme: https
              path_prefix: /am/
              timeout: 3s
              api_version: v2
              basic_auth: {username: u, password: p}
              static_configs: [{targets: ["a:9093", "b:9093"], labels: {zone: z}}]
              file_sd_configs: [{files: [am/*.yml]}]
              relabel_configs: [{source_labels: [__address__], regex: "b:.*", action: drop}]
            """)

        #expect(configuration.alertRelabelRules.count == 1)
        let entry = try #require(configuration.alertmanagers.first)
        #expect(entry.timeout == .seconds(3))
        #expect(entry.files.map(\.files) == [["/etc/fly/am/*.yml"]])
        let endpoints = entry.endpoints(entry.staticGroups)
        #expect(endpoints.urls == ["https://a:9093/am/api/v2/alerts"])
        #expect(endpoints.dropped == ["https://b:9093/am/api/v2/alerts"])
    }

    @Test func `what is not said has Prometheus' defaults`() throws {
        let entry = try #require(
            try Self.read("alertmanagers: [{static_configs: [{targets: ['a:9093']}]}]").alertmanagers.first)

        #expect(entry.timeout == .seconds(10))
        #expect(entry.endpoints(entry.staticGroups).urls == ["http://a:9093/api/v2/alerts"])
    }

    @Test func `relabelling can change where alerts go`() throws {
        let entry = try #require(
            try Self.read(
                """
                alertmanagers:
                - static_configs: [{targets: ['a:9093', 'b:9093']}]
                  relabel_configs: [{target_label: __address__, replacement: "proxy:80"}]
                """
            ).alertmanagers.first)

        #expect(entry.endpoints(entry.staticGroups).urls == ["http://proxy:80/api/v2/alerts"])
    }

    @Test func `mistakes are told with their place`() {
        #expect(
            problems(
                "alertmanagers:\n- {api_version: v1, scheme: ftp, timeout: soon, dns_sd_configs: [], x: 1}\n"
            )
            .map { $0.split(separator: ",")[0] } == [
                "f:2:17: api_version must be v2", "f:2:29: scheme must be http or https",
                "f:2:43: timeout must be a duration such as 10s",
                "f:2:65: dns_sd_configs is not supported yet; file_sd_configs can hold its targets",
                "f:2:69: unknown key \"x\" in an alertmanagers entry; known are alert_relabel_configs",
            ])
    }
}
