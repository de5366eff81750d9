import Foundation

/// The files of the checkout that the tests belong to, and the data beside it.
enum Repository {
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// `../shared`, or where FLYBALL_SHARED says it is; nil where there is none.
    static var shared: URL? {
        let folder =
            ProcessInfo.processInfo.environment["FLYBALL_SHARED"].map { URL(filePath: $0) }
            ?? root.deletingLastPathComponent().appending(path: "shared")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }
}
