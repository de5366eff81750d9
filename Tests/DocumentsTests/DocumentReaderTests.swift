import Documents
import Testing

struct DocumentReaderTests {
    private struct Server: Equatable { var name: String, port: Int, isOn: Bool }

    private func read(_ text: String) throws(DocumentError) -> Server {
        let root = try YAMLDocument.parse(text, file: "s.yml")
        let reader = DocumentReader(file: "s.yml")
        let server = reader.mapping(root, "server") { fields in
            Server(
                name: fields.requiredString("name") ?? "", port: fields.integer("port", in: 1...65535) ?? 80,
                isOn: fields.bool("on") ?? true)
        }
        return try reader.finish(server)
    }

    @Test func `a good document reads`() throws {
        #expect(try read("name: a\nport: 8080\non: false\n") == Server(name: "a", port: 8080, isOn: false))
    }

    @Test func `every problem is reported with its place, in the order of the file`() {
        let error = #expect(throws: DocumentError.self) { try read("port: 70000\nonn: true\non: [1]\n") }

        #expect(
            error?.description == """
                s.yml:1:1: server needs "name"
                s.yml:1:7: port must be a whole number from 1 to 65535, found "70000"
                s.yml:2:1: unknown key "onn" in server; known are name, on, port
                s.yml:3:5: on must be true or false, found a list
                """)
    }

    @Test(arguments: ["a: [1", "a: 1\na: 2\n", "\ta: 1", "*x"])
    func `a syntax error has a place`(text: String) {
        let error = #expect(throws: DocumentError.self) { try YAMLDocument.parse(text, file: "x.yml") }

        #expect(error?.problems.first?.description.hasPrefix("x.yml") == true)
    }

    @Test(arguments: [
        ("a: 1\n---\na: 2\n", "x.yml:2:1: another document begins here; a file has one"),
        ("a: 1\nb: \u{1}\n", "x.yml:2:4: a control character, which no text file has"),
    ])
    func `what the file cannot have is told with its place`(text: String, message: String) {
        let error = #expect(throws: DocumentError.self) { try YAMLDocument.parse(text, file: "x.yml") }

        #expect(error?.description == message)
    }

    @Test func `a billion laughs ends in an error`() {
        var text = "a: &a [x,x,x,x,x,x,x,x,x]\n"
        for (name, before) in zip("bcdefghij", "abcdefghi") {
            text +=
                "\(name): &\(name) [" + Array(repeating: "*\(before)", count: 9).joined(separator: ",")
                + "]\n"
        }

        #expect(throws: DocumentError.self) { try YAMLDocument.parse(text, file: "bomb.yml") }
    }

    @Test func `deep nesting ends in an error`() {
        let text = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)

        #expect(throws: DocumentError.self) { try YAMLDocument.parse(text, file: "deep.yml") }
    }
}
