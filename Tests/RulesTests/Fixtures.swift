import Foundation
import Testing

/// Files of the checkout and of the shared folder beside it.
enum Fixtures {
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The shared conformance cases, where they are there.
    static let shared: URL? = {
        let named = ProcessInfo.processInfo.environment["FLYBALL_SHARED"].map { URL(filePath: $0) }
        let candidates = [root.appending(path: "../shared").standardizedFileURL, named]
        return candidates.compactMap { $0 }.first {
            FileManager.default.fileExists(atPath: $0.appending(path: "conformance/rules").path)
        }
    }()

    static var hasShared: Bool { shared != nil }

    static func conformance(_ path: String) throws -> String {
        try text(#require(shared).appending(path: "conformance/rules").appending(path: path))
    }

    static func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }
}
