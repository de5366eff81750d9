import Journal
import Testing
import TimeSeries

@testable import Storage

/// Tables are found by what queries ask of their targets as looking at all of them would find them.
@Suite struct TargetIndexTests {
    private static let moment: Int64 = 1_700_000_000_000

    /// Targets of different kinds, one of which has a label of the others in its columns.
    private static func head() -> Head {
        var head = Head(StoreConfiguration())
        for number in 0..<30 {
            var target = ["instance": "h\(number)", "job": number % 3 == 0 ? "node" : "web"]
            if number % 2 == 0 { target["workload"] = "w\(number % 4)" }
            let columns = (0..<2).map { column in
                Labels(
                    number % 2 == 0
                        ? ["__name__": "m\(column)"] : ["__name__": "m\(column)", "workload": "w\(column)"])
            }
            head.addTable(UInt32(number), Labels(target), columns)
            head.append(UInt32(number), at: moment + Int64(number), [1, 2])
            head.tables[number]?.isOpen = false
        }
        return head
    }

    private static let questions: [[Matcher]] = [
        [], [Matcher(equal: "job", "web")], [Matcher(equal: "workload", "w0")],
        [Matcher(equal: "workload", "w2"), Matcher(equal: "job", "node")], [Matcher(equal: "workload", "")],
        [Matcher(equal: "workload", "none")],
        [Matcher(equal: "instance", "h7"), Matcher(equal: "job", "web")],
        [Matcher(equal: "nobody", "has")], [Matcher(equal: "__name__", "m1")],
    ]

    private func found(_ head: Head, _ matchers: [Matcher]) -> [String] {
        head.find(matchers, in: 0...Self.moment * 2).tables.flatMap { slice in
            slice.columns.map { "\(slice.table.target) \($0)" }
        }
    }

    /// What meets the matchers, label by label.
    private func expected(_ head: Head, _ matchers: [Matcher]) -> [String] {
        head.tables.compactMap(\.self).flatMap { table in
            table.layout.columns.indices.filter { column in
                let labels = table.layout.columns[column].merging(table.target)
                return matchers.allSatisfy { $0.matches(labels[$0.name] ?? "") }
            }.map { "\(table.target) \($0)" }
        }
    }

    @Test(arguments: questions)
    func `the index finds what looking at every table finds`(matchers: [Matcher]) {
        let head = Self.head()

        #expect(found(head, matchers) == expected(head, matchers))
    }

    @Test(arguments: questions)
    func `it still does when targets went and came back as others`(matchers: [Matcher]) {
        var head = Self.head()
        head.drop(Head.DropEdge(time: Self.moment + 20, isForMemory: false))
        head.addTable(3, Labels(["instance": "new", "workload": "w0"]), [Labels(["__name__": "m0"])])
        head.append(3, at: Self.moment + 50, [1])
        head.addTable(25, Labels(["job": "web"]), [Labels(["__name__": "m1"])])
        head.append(25, at: Self.moment + 50, [1])

        #expect(!expected(head, []).contains { $0.contains("h5") })
        #expect(found(head, matchers) == expected(head, matchers))
    }

    @Test func `only tables that can meet the most telling condition are looked at`() {
        let head = Self.head()
        let conditions = [Matcher(equal: "job", "web"), Matcher(equal: "instance", "h7")]
            .map { Condition($0, head.symbols) }

        #expect(head.targets.candidates(conditions) == [7])
    }
}
