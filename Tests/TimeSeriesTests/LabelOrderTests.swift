import Testing
import TimeSeries

/// The order of many labels at once is that of their comparison.
@Suite struct LabelOrderTests {
    private func check(_ labels: [Labels]) {
        let order = LabelOrder.permutation(of: labels) ?? Array(labels.indices)
        let expected = labels.indices.sorted { labels[$0] == labels[$1] ? $0 < $1 : labels[$0] < labels[$1] }
        #expect(order == expected, "\(labels)")
    }

    @Test func `what is in order already needs no other`() {
        #expect(LabelOrder.permutation(of: []) == nil)
        #expect(
            LabelOrder.permutation(of: [Labels(["a": "1"]), Labels(["a": "1"]), Labels(["b": "1"])]) == nil)
    }

    @Test func `labels that share a beginning are told apart by what follows`() {
        check(
            ["9", "10", "1", "", "longer than eight bytes 2", "longer than eight bytes 1"].map {
                Labels(["__name__": "a_long_name_that_all_share", "instance": "host-\($0):9100"])
            })
        check([Labels(["a": "1", "b": "2"]), Labels(["a": "1"]), Labels(["a": "1", "a2": "x"]), .empty])
    }

    @Test func `equal labels keep their order`() {
        check([Labels(["b": "1"]), Labels(["a": "1"]), Labels(["b": "1"]), Labels(["a": "1"])])
    }

    @Test func `a value with a zero in it is compared as well`() {
        check([Labels(["a": "x\u{0}b"]), Labels(["a": "x"]), Labels(["a": "x\u{0}a"]), Labels(["a": "w"])])
    }

    @Test func `random labels come in the order of their comparison`() {
        var state: UInt64 = 42
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let texts = ["", "a", "b", "ab", "abc", "instance", "\u{e9}", "host-1", "host-10", "host-2"]
        for _ in 0..<200 {
            check(
                (0..<next(20)).map { _ in
                    Labels((0..<next(4)).map { _ in (name: texts[1 + next(9)], value: texts[next(10)]) })
                })
        }
    }
}
