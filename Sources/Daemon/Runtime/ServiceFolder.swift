import Foundation
import Journal
import Storage

/// The folder of a service, which has the samples in `samples`, beside journal, audit log and token.
package enum ServiceFolder {
    /// The absolute path of the folder. Refuses the `samples` of another: the service would begin an empty store in it, and nobody
    /// would look at what it holds any more.
    static func resolve(_ path: String) throws(StartError) -> String {
        guard !path.isEmpty else { throw StartError("--storage.path must name a folder") }
        let folder = URL(fileURLWithPath: path).standardizedFileURL
        let isSamples = folder.lastPathComponent == "samples" && isStore(folder.path)
        guard !isSamples || exists(folder.path + "/samples") else {
            throw StartError(
                "\(folder.path) holds samples itself; name the folder of the service that it is in: --storage.path "
                    + folder.deletingLastPathComponent().path)
        }
        return folder.path
    }

    /// Whether the journal of control says that a service ran here, and no file of samples is left.
    package static func lacksSamples(_ folder: String) -> Bool {
        let journal =
            (try? FileManager.default.contentsOfDirectory(atPath: folder + "/control/journal")) ?? []
        let samples = folder + "/samples"
        guard !journal.isEmpty else { return false }
        guard let files = FileManager.default.enumerator(atPath: samples) else { return true }
        while let file = files.nextObject() as? String {
            var isFolder: ObjCBool = false
            _ = unsafe FileManager.default.fileExists(atPath: samples + "/" + file, isDirectory: &isFolder)
            if !isFolder.boolValue { return false }
        }
        return true
    }

    /// What `lacksSamples` means.
    package static let lackingSamples =
        "samples holds no file, though the journal of control beside it was written: they were removed, or the service ended "
        + "within its first second"

    /// What stands where a folder has to be, of which Foundation has no word; nil where nothing does.
    static func obstacle(_ folder: String) -> String? {
        var path = folder
        while path != "/", !path.isEmpty {
            var isFolder: ObjCBool = false
            if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
                return isFolder.boolValue ? nil : "\(path) is no folder"
            }
            if (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil {
                return "\(path) is a link to nothing"
            }
            path = URL(fileURLWithPath: path).deletingLastPathComponent().path
        }
        return nil
    }

    private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private static func isStore(_ folder: String) -> Bool {
        guard let disk = try? RealDisk(root: folder, isReadOnly: true) else { return false }
        return (try? Store.isFound(on: disk)) ?? false
    }
}
