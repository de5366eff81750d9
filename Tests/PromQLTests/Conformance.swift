import Glibc
import TextFiles

/// The files of ../shared/conformance/promqltest, where the folder is there.
enum Conformance {
    /// `../shared` beside the checkout, or what FLYBALL_SHARED names; nil where neither exists.
    static var shared: String? {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let candidates = ["/" + root + "/../shared", environment("FLYBALL_SHARED")].compactMap { $0 }
        return candidates.first { text(of: $0 + "/conformance/promqltest/literals.test") != nil }
    }

    static let names = [
        "aggregators", "at_modifier", "collision", "duration_expression", "extended_vectors", "fill-modifier",
        "functions", "histograms", "info", "limit", "literals", "name_label_dropping", "native_histograms",
        "operators", "range_queries", "selectors", "staleness", "start_timestamps", "subquery",
        "trig_functions", "type_and_unit",
    ].map { $0 + ".test" }

    static func script(_ name: String) -> String? {
        shared.flatMap { text(of: "\($0)/conformance/promqltest/\(name)") }
    }

    static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// A file of this repository.
    static func repositoryFile(_ path: String) -> String? {
        text(of: "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/" + path)
    }

    private static func text(of path: String) -> String? { try? TextFile.read(path) }
}
