import ArgumentParser
import Foundation
import Journal
import Storage
import TimeSeries

/// `flyball storage ...`
struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "Look into stored samples, verify, export and import them.",
        discussion: """
            DIR is the folder of a service (`storage.path`, by default data) or one with log/ and snapshots/ in it.
            inspect, verify and export only read: the service may run meanwhile. import needs the folder for itself.
            """,
        subcommands: [
            StorageInspect.self, StorageVerify.self, StorageExport.self, StorageImport.self,
        ])
}

/// Where the samples are that a command was pointed at.
struct StorageFolder {
    /// The folder of the service, which has the lock.
    let root: String
    /// The folder with `log` and `snapshots`.
    let samples: String

    /// - Throws: `Failure` where there are none.
    init(existing path: String) throws {
        guard let found = Self.find(path) else {
            let isThere = FileManager.default.fileExists(atPath: path)
            if let reason = Self.unreadable(path) { throw Failure("\(path) cannot be read: \(reason)") }
            throw Failure(
                isThere
                    ? "\(path) holds no samples: neither samples/ nor log/ and snapshots/ are in it; name the service's "
                        + "folder (storage.path, by default data)"
                    : "\(path): no such folder; name the service's folder (storage.path, by default data)")
        }
        self = found
    }

    /// The same, or a folder that a service can be started in afterwards, made where it does not exist.
    init(existingOrNew path: String) throws {
        if let found = Self.find(path) {
            self = found
            return
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        guard names.allSatisfy({ $0 == "lock" }) else {
            throw Failure(
                "\(path) is not empty and holds no samples; name the folder of a service or a new one")
        }
        root = path
        samples = path + "/samples"
    }

    /// Why what is in a folder cannot be seen; nil where it can, and where it is no folder.
    private static func unreadable(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0 { _ = close(descriptor) }
        guard descriptor < 0, errno != ENOENT, errno != ENOTDIR else { return nil }
        return unsafe String(cString: strerror(errno))
    }

    private init(root: String, samples: String) {
        self.root = root
        self.samples = samples
    }

    private static func find(_ path: String) -> StorageFolder? {
        func isFolder(_ path: String) -> Bool {
            var isFolder: ObjCBool = false
            return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                && isFolder.boolValue
        }
        if isFolder(path + "/samples") { return StorageFolder(root: path, samples: path + "/samples") }
        guard isFolder(path + "/log") || isFolder(path + "/snapshots") else { return nil }
        return StorageFolder(root: path, samples: path)
    }

    /// The samples, read and left alone.
    func read() throws -> Store {
        do {
            return try Store.reading(try RealDisk(root: samples, isReadOnly: true))
        } catch {
            throw Failure("\(samples): \(error)")
        }
    }

    /// The bytes of all files that the samples are in, whatever they are called.
    func byteCount() -> Int {
        var bytes = 0
        let keys: Set<URLResourceKey> = [.isRegularFileKey, .fileSizeKey]
        let files = FileManager.default.enumerator(
            at: URL(fileURLWithPath: samples), includingPropertiesForKeys: Array(keys))
        while let file = files?.nextObject() as? URL {
            guard let values = try? file.resourceValues(forKeys: keys), values.isRegularFile == true else {
                continue
            }
            bytes += values.fileSize ?? 0
        }
        return bytes
    }
}

/// What of a store is meant.
struct SeriesOptions: ParsableArguments {
    @Option(
        name: .customLong("match"),
        help: "Only series that this selector finds, such as 'up{job=\"node\"}'; may be given several times.")
    var selectors: [String] = []
    @Option(help: "Only samples from this moment on, as RFC 3339 or Unix seconds.") var start: String?
    @Option(help: "Only samples up to this moment, as RFC 3339 or Unix seconds.") var end: String?

    var range: ClosedRange<Timestamp> {
        get throws {
            let from = try moment("--start", start) ?? Timestamp(milliseconds: -(1 << 50))
            let to = try moment("--end", end) ?? Timestamp(milliseconds: 1 << 50)
            guard from <= to else { throw ValidationError("--end must not be before --start") }
            return from...to
        }
    }

    private func moment(_ option: String, _ text: String?) throws -> Timestamp? {
        guard let text else { return nil }
        if let seconds = Double(text), let moment = Timestamp(seconds: seconds) { return moment }
        guard let moment = RFC3339.parse(text) else {
            throw ValidationError(
                "\(option) must be like 2026-11-23T16:25:00Z or 1795451100 (seconds since 1970), not \(text)")
        }
        return moment
    }
}
