import Testing

/// What the documentation points at is there, and what there is, is in it.
struct DocumentationTests {
    private static let pages =
        ["README.md", "SECURITY.md"]
        + Repository.entries("docs").filter { $0.hasSuffix(".md") }.sorted().map { "docs/" + $0 }

    @Test(arguments: pages) func `every link within the repository leads to a file`(page: String) {
        let folder = page.hasPrefix("docs/") ? "docs" : ""
        for link in links(Repository.text(page)) where !link.contains("://") {
            let path = resolve(link.split(separator: "#").first.map(String.init) ?? "", in: folder)
            #expect(!Repository.text(path).isEmpty, "\(page) links to \(link)")
        }
    }

    @Test func `every route of the API is in its documentation`() {
        let page = Repository.text("docs/api.md")
        let paths = Repository.swiftFiles("Sources/HTTPAPI").flatMap { file in
            Repository.text(file).split(separator: "\"").map(String.init)
        }.filter { ($0.hasPrefix("/api/v1/") || $0.hasPrefix("/-/")) && !$0.contains("\\") }

        #expect(Set(paths).count > 25)
        for path in Set(paths).sorted() { #expect(page.contains("`\(path)`"), "\(path)") }
    }

    /// What stands in parentheses right behind a bracket.
    private func links(_ text: String) -> [String] {
        text.split(separator: "\n").flatMap { line in
            line.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap { rest in
                rest.firstIndex(of: ")").map { String(rest[..<$0]) }
            }
        }
    }

    private func resolve(_ link: String, in folder: String) -> String {
        link.hasPrefix("../") ? String(link.dropFirst(3)) : folder.isEmpty ? link : folder + "/" + link
    }
}
