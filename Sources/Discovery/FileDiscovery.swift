import Documents
import TimeSeries

/// Targets out of files (`file_sd_configs`): JSON or YAML lists of target groups, read again when a file changes.
///
/// A file that turns bad keeps the groups it had, and says why; a file that goes away takes its groups with it.
package struct FileDiscovery: Sendable {
    /// One entry of `file_sd_configs`.
    package struct Configuration: Hashable, Sendable {
        /// Paths; the last element may hold one `*`.
        package var files: [String]
        /// How often to read again even without a change that shows.
        package var refreshInterval: Duration

        package init(files: [String], refreshInterval: Duration = .seconds(300)) {
            self.files = files
            self.refreshInterval = refreshInterval
        }
    }

    private struct File {
        var stamp: FileAccess.Stamp?
        var groups: [TargetGroup] = []
        var failure: String?
    }

    package let configuration: Configuration
    private var files: [String: File] = [:]
    private var lastRead: Duration?

    package init(_ configuration: Configuration) { self.configuration = configuration }

    /// The groups of all files, in the order of their paths.
    package var groups: [TargetGroup] { files.sorted { $0.key < $1.key }.flatMap(\.value.groups) }

    /// What is wrong with a file, in the order of their paths.
    package var failures: [String] { files.sorted { $0.key < $1.key }.compactMap(\.value.failure) }

    /// Looks for files that came, went or changed; true where the groups may differ from before.
    package mutating func refresh(_ access: FileAccess, uptime: Duration) -> Bool {
        let isDue = lastRead.map { uptime - $0 >= configuration.refreshInterval } ?? true
        if isDue { lastRead = uptime }
        let paths = Set(configuration.files.flatMap { access.matches($0) })
        var changed = false
        for path in files.keys where !paths.contains(path) {
            files[path] = nil
            changed = true
        }
        for path in paths {
            let stamp = access.stamp(path)
            let known = files[path]
            if let known, known.stamp == stamp, !isDue { continue }
            var file = known ?? File()
            file.stamp = stamp
            load(path, into: &file, access)
            changed = changed || file.groups != known?.groups || file.failure != known?.failure
            files[path] = file
        }
        return changed
    }

    private func load(_ path: String, into file: inout File, _ access: FileAccess) {
        do {
            file.groups = try FileDiscovery.groups(in: try access.read(path).get(), path: path)
            file.failure = nil
        } catch {
            file.failure = "\(error)"
        }
    }

    /// The groups that a file's bytes hold; each target carries `__meta_filepath`.
    package static func groups(in bytes: [UInt8], path: String) throws -> [TargetGroup] {
        let document = DocumentReader(file: path)
        let root = try YAMLDocument.parse(String(decoding: bytes, as: UTF8.self), file: path)
        var index = -1
        let origin = Labels(["__meta_filepath": path])
        let groups = document.list(root, "a discovery file") { node in
            index += 1
            return TargetGroup.read(node, document, source: "\(path):\(index)", adding: origin)
        }
        return try document.finish(groups)
    }
}
