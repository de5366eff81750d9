import Journal
import Storage
import Testing
import TimeSeries

/// Labels that look alike and have other bytes: an e with an accent that is one scalar, and one that is two.
@Suite struct ExactLabelTests {
    private static let one = "\u{e9}"
    private static let two = "e\u{301}"
    private static let range = at(0)...at(1000)

    /// Series that are pushed, or columns of two tables.
    private func store(tables: Bool) throws -> Store {
        let store = try Store(disk: SimulatedDisk(), now: at(0))
        for (index, text) in [Self.one, Self.two].enumerated() {
            let columns = [
                Labels(["__name__": "m", "l": text]), Labels(["__name__": "n", text: "x"]),
                Labels(["__name__": text]),
            ]
            if tables {
                let table = try store.openTable(target: Labels(["job": text]), columns: columns)
                _ = store.append(table, at: at(10), row: [1, 2, 3])
            } else {
                _ = store.append(
                    columns.map { labels in
                        SeriesSamples(
                            labels: labels.merging(Labels(["job": text])),
                            samples: [Sample(at(10), Double(index))])
                    })
            }
        }
        return store
    }

    @Test(arguments: [false, true]) func `each is found by its own bytes`(tables: Bool) async throws {
        let store = try store(tables: tables)
        func labels(_ matchers: [Matcher]) async throws -> [Labels] {
            try await store.series([matchers], in: Self.range)
        }

        // Twice: what was found is kept by what was asked for.
        for text in [Self.one, Self.two, Self.one] {
            let name = Matcher(equal: "__name__", "m")
            #expect(
                try await labels([name, Matcher(equal: "l", text)]).map { $0["job"]!.utf8.count } == [
                    text.utf8.count
                ])
            #expect(
                try await labels([name, Matcher("l", .notEqual, text)]).map { $0["l"]!.utf8.count } == [
                    5 - text.utf8.count
                ])
            #expect(try await labels([name, Matcher("l", .regex, text + "|x")]).count == 1)
        }
        #expect(try await labels([Matcher("__name__", .regex, Self.one + "|" + Self.two)]).count == 2)
        #expect(try await labels([Matcher("l", .regex, Self.one + "|" + Self.two)]).count == 2)
        #expect(try await labels([Matcher("job", .regex, Self.one + "|" + Self.two)]).count == 6)
    }

    @Test(arguments: [false, true]) func `lists of names and values have both`(tables: Bool) async throws {
        let store = try store(tables: tables)

        for matchers in try [[], [[Matcher("job", .notEqual, "")]]] {
            let names = try await store.labelNames(matchers, in: Self.range)
            #expect(names.count == 5)
            for name in ["l", "job"] {
                #expect(
                    try await store.labelValues(name, matchers, in: Self.range).map(\.utf8.count) == [3, 2])
            }
            #expect(try await store.labelValues("__name__", matchers, in: Self.range).count == 4)
        }
        #expect(store.statistics(limit: 10).valuesByLabel.count == 5)
    }

    @Test func `matchers and patterns are the same where their bytes are`() throws {
        let (a, b) = (Matcher(equal: "l", Self.one), Matcher(equal: "l", Self.two))
        #expect(a != b)
        #expect(Matcher(equal: Self.one, "l") != Matcher(equal: Self.two, "l"))
        #expect(try Pattern(Self.one) != Pattern(Self.two))
        #expect(try !Pattern(Self.one).matches(Self.two))
        #expect(Set([ExactText(Self.one), ExactText(Self.two), ExactText(Self.one)]).count == 2)
    }
}
