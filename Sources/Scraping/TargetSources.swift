import Discovery
import TimeSeries

/// Where the targets of all pools come from but for their static ones. Apart from the pools, so that files are read and
/// the fleet is asked without holding up scrapes.
struct TargetSources {
    private struct Source {
        var files: [FileDiscovery]
        var roles: [FleetRole]
    }

    private var sources: [String: Source] = [:]

    /// Sources that stay keep what they have read.
    mutating func apply(_ jobs: [ScrapeConfiguration]) {
        var kept: [String: Source] = [:]
        for job in jobs {
            let known = sources[job.jobName]
            let isSame = known?.files.map(\.configuration) == job.files
            let files = isSame ? known?.files ?? [] : job.files.map { FileDiscovery($0) }
            kept[job.jobName] = Source(files: files, roles: job.fleetRoles)
        }
        sources = kept
    }

    /// The groups of every pool as they are now.
    mutating func refresh(
        _ access: FileAccess, uptime: Duration, _ fleet: FleetTargets
    ) -> [String: [TargetGroup]] {
        var groups: [String: [TargetGroup]] = [:]
        for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
            var files = source.files
            for index in files.indices { _ = files[index].refresh(access, uptime: uptime) }
            sources[name]?.files = files
            groups[name] = files.flatMap(\.groups) + source.roles.flatMap { fleet($0) }
        }
        return groups
    }

    /// What is wrong with files, by pool.
    var failures: [String] {
        sources.sorted { $0.key < $1.key }.flatMap { $0.value.files.flatMap(\.failures) }
    }
}
