import Journal
import Testing
import TimeSeries

@testable import Storage

/// Lists of series that are kept stay those that there are, and what is read in pieces is what is read at once.
@Suite struct SeriesListTests {
    private let store: Store

    init() throws { store = try .ofTargets() }

    private func selection(_ range: ClosedRange<Int>, _ name: String = ".+") throws -> Selection {
        Selection([try Matcher("__name__", .regex, name)], in: at(range.lowerBound)...at(range.upperBound))
    }

    /// Name and host of all series with a sample in the range, as they are listed and as they are read.
    private func names(_ range: ClosedRange<Int>, sourceLocation: SourceLocation = #_sourceLocation)
        async throws -> [String]
    {
        let selection = try selection(range)
        let listed = try await store.series([selection.matchers], in: selection.range)
        let read = try await store.select([selection])[0].map(\.labels)
        #expect(read == listed, sourceLocation: sourceLocation)
        return listed.map { "\($0.metricName) \($0["host"] ?? "")" }
    }

    @Test func `targets and columns that come are found, whatever was found before`() async throws {
        let b = try store.open("b")
        _ = store.append(b, at: at(10), row: [1])
        #expect(try await names(0...100) == ["up b"])
        #expect(try await names(0...100) == ["up b"])

        let a = try store.open("a")
        _ = store.append(a, at: at(20), row: [1])
        #expect(try await names(0...100) == ["up a", "up b"])

        try store.extendTable(a, columns: [Labels(["__name__": "load"])])
        _ = store.append(a, at: at(30), row: [1, 2])
        #expect(try await names(0...100) == ["load a", "up a", "up b"])

        _ = store.append([SeriesSamples(labels: Labels(["__name__": "pushed"]), samples: [Sample(at(20), 1)])]
        )
        #expect(try await names(0...100) == ["load a", "pushed ", "up a", "up b"])
    }

    @Test func `only targets with a sample in the range are found, in every order of asking`() async throws {
        let (a, b) = (try store.open("a"), try store.open("b"))
        for second in 0..<10 { _ = store.append(a, at: at(second), row: [1]) }
        for second in 5..<30 { _ = store.append(b, at: at(second), row: [1]) }

        for _ in 0..<2 {
            #expect(try await names(20...100) == ["up b"])
            #expect(try await names(0...100) == ["up a", "up b"])
            #expect(try await names(0...3) == ["up a"])
            #expect(try await names(50...100) == [])
        }
        _ = store.append(a, at: at(40), row: [1])
        #expect(try await names(35...100) == ["up a"])
    }

    @Test func `what is gone or deleted is found no more`() async throws {
        let (a, b) = (try store.open("a"), try store.open("b"))
        for table in [a, b] { for second in 0..<40 { _ = store.append(table, at: at(second), row: [1]) } }
        #expect(try await names(0...100) == ["up a", "up b"])

        try store.delete([[Matcher(equal: "host", "a")]], in: at(0)...at(100))
        #expect(try await names(0...100) == ["up b"])
        try store.removeDeleted()
        #expect(try await store.select([try selection(0...100)])[0].map { $0.labels["host"] } == ["b"])

        store.closeTable(a)
        store.closeTable(b)
        try store.maintain(now: at(10_000_000))
        #expect(try await names(0...10_000_000) == [])
    }

    // MARK: - Pieces

    /// Three targets of 300 columns: some cells are absent, and one column of each is.
    private func fill() throws {
        for host in ["c", "a", "b"] {
            let table = try store.open(host, (0..<300).map { "m\($0)" })
            for second in 0..<50 {
                let row = (0..<300).map { column in
                    column == 7 || (second + column) % 11 == 0 ? Marker.absent : Double(second * column)
                }
                _ = store.append(table, at: at(second), row: row)
            }
        }
    }

    private func pieces(_ selection: Selection, limit: Int = .max) async throws -> SeriesPieces? {
        guard
            case .pieces(let pieces) = try await store.open([selection], inPieces: [0], sampleLimit: limit)[0]
        else { return nil }
        return pieces
    }

    @Test func `pieces hold what is read at once, each series with its place`() async throws {
        try fill()
        for range in [0...100, 13...21, 7...7] {
            let selection = try selection(range, "m.*")
            let whole = try await store.select([selection])[0]
            // Once as it is found, and once as it was kept.
            for _ in 0..<2 {
                let pieces = try #require(try await pieces(selection))
                var placed: [Int: SeriesColumns] = [:]
                var room = SampleRoom()
                for number in 0..<pieces.count {
                    var piece = pieces.read(number, &room)
                    for (series, rank) in zip(piece.series, piece.ranks) {
                        #expect(placed.updateValue(series, forKey: rank) == nil)
                    }
                    // What somebody still holds on to stays as it is.
                    room.reuse(&piece.series)
                }
                let ordered = placed.sorted { $0.key < $1.key }.map(\.value)
                #expect(ordered.map(\.labels) == whole.map(\.labels))
                #expect(ordered.map(\.values) == whole.map(\.values))
                #expect(ordered.map(\.times.milliseconds) == whole.map(\.times.milliseconds))
                #expect(pieces.count > 3)
                #expect(placed.keys.allSatisfy { $0 < pieces.seriesCount })
                #expect(ordered.reduce(0) { $0 + $1.values.count } <= pieces.sampleCount)
            }
        }
    }

    @Test func `series that have no sample in the range take no place`() async throws {
        for (number, host) in ["a", "d", "b", "c"].enumerated() {
            let table = try store.open(host)
            for second in 0..<20 { _ = store.append(table, at: at(20 * number + second), row: [1]) }
        }
        let all = try #require(try await pieces(try selection(0...79)))
        #expect(all.seriesCount == 4)

        // The list is that of all.
        let some = try #require(try await pieces(try selection(20...59)))
        var room = SampleRoom()
        var found: [Int: String?] = [:]
        for number in 0..<some.count {
            let piece = some.read(number, &room)
            for (series, rank) in zip(piece.series, piece.ranks) { found[rank] = series.labels["host"] }
        }

        #expect(some.seriesCount == 2)
        #expect(found == [0: "b", 1: "d"])
    }

    /// One column each, so that a piece has up to 128 of them, or 2,048 samples.
    @Test func `small tables are read several at once`() async throws {
        for number in 0..<300 {
            let table = try store.open("\(number)")
            for second in 0..<40 { _ = store.append(table, at: at(second), row: [Double(number + second)]) }
        }
        var wanted = try selection(0...39, "up")

        #expect(try await pieces(wanted)?.count == 6)

        wanted.use = .newest
        let newest = try #require(try await pieces(wanted))
        var room = SampleRoom()
        var values: [Double] = []
        for number in 0..<newest.count {
            var piece = newest.read(number, &room)
            values += piece.series.compactMap(\.values.last)
            room.reuse(&piece.series)
        }
        #expect(newest.count == 3)
        #expect(newest.sampleCount == 300)
        #expect(values.sorted() == (0..<300).map { Double($0 + 39) })
    }

    @Test func `pieces keep to the limit of samples`() async throws {
        try fill()
        let selection = try selection(0...100, "m1|m2")

        #expect(try await pieces(selection, limit: 300) != nil)
        await #expect(throws: TooManySamples.self) { _ = try await pieces(selection, limit: 299) }
    }

    @Test func `series that have to be put together or hidden are not read in pieces`() async throws {
        try fill()
        #expect(try await pieces(try selection(0...100, "m1")) != nil)

        let again = try store.open("a", ["m1"])
        _ = store.append(again, at: at(60), row: [5])
        #expect(try await pieces(try selection(0...100, "m1")) == nil)
        #expect(try await pieces(try selection(0...100, "m2")) != nil)

        try store.delete([[Matcher(equal: "__name__", "m2")]], in: at(0)...at(10))
        #expect(try await pieces(try selection(0...100, "m2")) == nil)
        #expect(try await pieces(try selection(20...100, "m2")) != nil)

        _ = store.append([SeriesSamples(labels: Labels(["__name__": "m3"]), samples: [Sample(at(20), 1)])])
        #expect(try await pieces(try selection(0...100, "m3")) == nil)
    }
}
