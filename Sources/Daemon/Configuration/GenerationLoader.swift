import Documents
package import Fleet
package import PromQL
package import Rules
package import Scaling

/// Reads a configuration with every file it names. Nothing is put to use before all of it is right.
package struct GenerationLoader: Sendable {
    private let files: FileSource
    private let features: QueryFeatures

    /// - Parameter features: what rules may use of experimental PromQL.
    package init(files: FileSource = FileSource(), features: QueryFeatures = []) {
        self.files = files
        self.features = features
    }

    /// - Parameter file: nil for the embedded defaults.
    /// - Throws: `DocumentError` with every problem of the first kind of file that has any; `FileSourceError`.
    package func load(_ file: String?) throws -> Generation {
        let text = try file.map(files.text) ?? EmbeddedDefaults.text
        let path = file ?? EmbeddedDefaults.name
        let configuration = try ConfigurationReader(file: path, files: files).read(text)
        let options = RuleFile.Options(
            interval: configuration.global.evaluationInterval,
            queryOffset: configuration.global.ruleQueryOffset,
            features: features)
        let groups = try rules(configuration.ruleFiles.flatMap(files.expand), options)
        let fleet = try fleet(configuration)
        let policies = try policies(
            configuration.policyFiles.flatMap(files.expand), workloads: Set(fleet.workloads.map(\.id)),
            pools: Set(fleet.nodePools.map(\.id)))
        return Generation(configuration: configuration, groups: groups, fleet: fleet, policies: policies)
    }

    /// Rule groups of all files.
    package func rules(_ paths: [String], _ options: RuleFile.Options = RuleFile.Options()) throws
        -> [RuleGroup]
    {
        try collect(paths) { text, path throws(DocumentError) in
            try RuleFile.parse(text, file: path, options: options).groups
        }
    }

    private func fleet(_ configuration: Configuration) throws -> FleetFile {
        let parts = try collect(configuration.fleet.files.flatMap(files.expand)) {
            text, path throws(DocumentError) in
            [(name: path, content: try FleetFile.parse(text: text, file: path))]
        }
        return try FleetFile.merge(parts)
    }

    /// Policies of all files, with conflicts between them refused.
    /// - Parameters:
    ///   - workloads: the workloads there are; nil where that is not known.
    ///   - pools: the same of pools of nodes.
    package func policies(
        _ paths: [String], workloads: Set<WorkloadID>? = nil, pools: Set<NodePoolID>? = nil
    ) throws -> [ScalingPolicy] {
        let texts = try paths.map { (name: $0, text: try files.text($0)) }
        return try PolicyFile.load(texts, workloads: workloads, pools: pools)
    }

    /// What every file holds; problems of all of them together.
    private func collect<Item>(
        _ paths: [String], _ parse: (String, String) throws(DocumentError) -> [Item]
    ) throws -> [Item] {
        var items: [Item] = []
        var problems: [Problem] = []
        for path in paths {
            let text = try files.text(path)
            do throws(DocumentError) {
                items += try parse(text, path)
            } catch {
                problems += error.problems
            }
        }
        if !problems.isEmpty { throw DocumentError(problems) }
        return items
    }
}
