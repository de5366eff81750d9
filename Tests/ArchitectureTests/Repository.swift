import Glibc
import TextFiles

/// The checkout that these tests stand in, read as text.
enum Repository {
    static let root: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    static func text(_ path: String) -> String { (try? TextFile.read(root + "/" + path)) ?? "" }

    static func entries(_ folder: String) -> [String] {
        guard let handle = unsafe opendir(root + "/" + folder) else { return [] }
        defer { unsafe closedir(handle) }
        var names: [String] = []
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Swift files below a folder, as paths from the root.
    static func swiftFiles(_ folder: String) -> [String] {
        entries(folder).flatMap { name -> [String] in
            let path = folder + "/" + name
            if name.hasSuffix(".swift") { return [path] }
            return name.contains(".") ? [] : swiftFiles(path)
        }
    }

    static func lines(_ path: String) -> [Substring] {
        text(path).split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The words after `import`, attributes and access levels skipped.
    static func imports(_ path: String) -> [String] {
        lines(path).compactMap { line in
            let words = line.split(separator: " ").prefix(5).map(String.init)
            guard let index = words.firstIndex(of: "import"), index + 1 < words.count,
                words[..<index].allSatisfy({ isModifier($0) })
            else { return nil }
            let kinds = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
            let named =
                kinds.contains(words[index + 1]) && index + 2 < words.count
                ? words[index + 2] : words[index + 1]
            return String(named.split(separator: ".")[0])
        }
    }

    private static func isModifier(_ word: String) -> Bool {
        word.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(word)
    }
}

/// The modules in the order of the architecture: a module imports only what stands above it.
enum Modules {
    static let order = [
        "CLZ4", "CSnappy", "CCurl", "CByteClasses", "CChecksum", "CRE2", "TimeSeries", "Documents", "Codecs",
        "Journal",
        "Curl", "Relabelling",
        "Engines", "Exposition", "Collection", "Storage", "Forecasting", "PromQL", "Discovery", "Scraping",
        "Rules",
        "Notification", "RemoteStorage", "Fleet", "Scaling", "Placement", "Negotiation", "Control", "Audit",
        "Coordination", "Actuation", "Backends", "Simulation", "Dashboards", "Web", "HTTPAPI", "Console",
        "Demo",
        "Daemon", "flyball",
    ]

    static func rank(_ module: String) -> Int? { order.firstIndex(of: module) }

    /// A module or test target of Package.swift with the targets it names, in the order of the file.
    static let declared: [(name: String, isTest: Bool, uses: [String])] = {
        var found: [(name: String, isTest: Bool, uses: [String])] = []
        for call in calls(Repository.lines("Package.swift")) {
            let isTest = call.hasPrefix("tests(")
            guard
                isTest || call.hasPrefix("module(") || call.hasPrefix(".systemLibrary(")
                    || call.hasPrefix(".target(")
            else { continue }
            let plain = ["products:", "linkerSettings:", "resources:", "exclude:"].reduce(call) {
                rest, mark in
                String(rest.split(separator: mark, omittingEmptySubsequences: false)[0])
            }
            let names = plain.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
            guard !names.isEmpty else { continue }
            let isOurs = call.hasPrefix("module(") || isTest
            found.append((name: names[0], isTest: isTest, uses: isOurs ? Array(names.dropFirst()) : []))
        }
        return found
    }()

    /// The entries of `targets: [`, each with the lines that it is laid out over.
    private static func calls(_ lines: [Substring]) -> [String] {
        guard let start = lines.firstIndex(where: { $0.hasSuffix("    targets: [") }) else { return [] }
        var calls: [String] = []
        for line in lines[(start + 1)...] {
            let body = line.drop { $0 == " " }
            let indent = line.count - body.count
            if indent <= 4 { break }
            if indent == 8, !body.hasPrefix(")") {
                calls.append(String(body))
            } else if !calls.isEmpty {
                calls[calls.count - 1] += " " + body
            }
        }
        return calls
    }
}
