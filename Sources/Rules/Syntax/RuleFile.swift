package import Documents
package import PromQL
import TimeSeries

/// A rule file in Prometheus' format (`groups:`), accepted and refused as Prometheus' rulefmt does.
package struct RuleFile: Sendable {
    /// What a file does not say itself.
    package struct Options: Sendable {
        /// `global.evaluation_interval`.
        package var interval: Duration
        /// `global.rule_query_offset`.
        package var queryOffset: Duration
        package var features: QueryFeatures
        /// Takes keys that are not known, as `promtool check rules --ignore-unknown-fields` does.
        package var ignoresUnknownKeys: Bool

        package init(
            interval: Duration = .seconds(60), queryOffset: Duration = .zero, features: QueryFeatures = [],
            ignoresUnknownKeys: Bool = false
        ) {
            self.interval = interval
            self.queryOffset = queryOffset
            self.features = features
            self.ignoresUnknownKeys = ignoresUnknownKeys
        }
    }

    package var groups: [RuleGroup]
    /// What is allowed and yet most likely a mistake: two rules that write the same series.
    package var warnings: [Problem]

    /// - Throws: everything that is wrong, each with its place in the file.
    package static func parse(
        _ text: String, file: String, options: Options = Options()
    ) throws(DocumentError) -> RuleFile {
        let root = try YAMLDocument.parse(text, file: file)
        let document = DocumentReader(file: file)
        let reader = RuleFileReader(document: document, options: options, source: ScalarSource(text))
        let groups = reader.groups(root)
        let parsed = try document.finish(groups)
        return RuleFile(groups: parsed, warnings: reader.duplicates)
    }
}
