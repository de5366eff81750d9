import Codecs
import Testing
import TimeSeries

@testable import RemoteStorage

struct SeriesMemoTests {
    private let start = Timestamp(milliseconds: 1_700_000_000_000)

    private func key(_ text: String, seed: UInt64 = 7) -> WireKey {
        let bytes = Array(text.utf8)
        return WireKey(bytes.span, 0..<bytes.count, seed: seed)
    }

    private func name(_ number: Int) -> String { "some metric of a series \(number)" }

    @Test func `every one of many series is found by its key, and no other`() {
        var memo = SeriesMemo(limit: 1 << 20, now: start)
        for number in 0..<20_000 { memo.insert(key(name(number)), UInt32(number), now: start) }

        #expect(memo.count == 20_000)
        for number in 0..<20_000 { #expect(memo.find(key(name(number))) == UInt32(number)) }
        for number in 20_000..<40_000 { #expect(memo.find(key(name(number))) == nil) }
    }

    @Test func `series of a request are found in whatever order they come, with others among them`() {
        var memo = SeriesMemo(limit: 1 << 20, now: start)
        for number in 0..<1000 { memo.insert(key(name(number)), UInt32(number), now: start) }
        func handles(_ numbers: [Int]) -> [UInt32] {
            memo.handles(
                of: numbers.map { number in
                    SeriesScan.Series(message: 0..<0, key: number < 0 ? nil : key(name(number)), end: 0)
                })
        }

        let ascending = Array(0..<1000)
        #expect(handles(ascending) == ascending.map(UInt32.init))
        #expect(handles(ascending.reversed()) == ascending.reversed().map(UInt32.init))
        let strided = ascending.map { $0 * 37 % 1000 }
        #expect(handles(strided) == strided.map(UInt32.init))
        let none = KnownSamples.noHandle
        #expect(handles([998, 999, 1000, 0, 1, -1, 2, 2, 1001]) == [998, 999, none, 0, 1, none, 2, 2, none])
    }

    @Test func `a key tells apart what differs in one byte, in length, or by the seed`() {
        let text = "0123456789abcdefghijklmnopqrstuvwxyz"
        let own = key(text)
        var others = [key(text + "0"), key(String(text.dropLast())), key(text, seed: 8)]
        for index in text.indices {
            var changed = text
            changed.replaceSubrange(index...index, with: "_")
            others.append(key(changed))
        }

        for other in others { #expect(other.low != own.low && other.high != own.high) }
    }

    @Test func `a series that got another handle is found by that`() {
        var memo = SeriesMemo(limit: 100, now: start)
        memo.insert(key(name(1)), 1, now: start)

        memo.insert(key(name(1)), 2, now: start)

        #expect(memo.find(key(name(1))) == 2)
        #expect(memo.count == 1)
    }

    @Test func `what nobody asks for goes when room is made an hour later, and what is asked for stays`() {
        var memo = SeriesMemo(limit: 1 << 20, now: start)
        for number in 0..<1000 { memo.insert(key(name(number)), UInt32(number), now: start) }
        // The first time of making room after an hour forgets who was asked for, the second takes away who was not.
        var later = start + .seconds(3600)
        for number in 1000..<3000 { memo.insert(key(name(number)), UInt32(number), now: later) }
        for number in 0..<100 { _ = memo.find(key(name(number))) }
        later += .seconds(3600)
        for number in 3000..<9000 { memo.insert(key(name(number)), UInt32(number), now: later) }

        #expect((0..<100).allSatisfy { memo.find(key(name($0))) == UInt32($0) })
        #expect((100..<1000).allSatisfy { memo.find(key(name($0))) == nil })
    }

    @Test func `it never holds more than its limit`() {
        var memo = SeriesMemo(limit: 1000, now: start)
        for number in 0..<10_000 {
            memo.insert(key(name(number)), UInt32(number), now: start)
            #expect(memo.count <= 1536)
        }
        #expect(memo.find(key(name(9999))) == 9999)
    }

    @Test func `what nobody sends any more is forgotten within two hours, without anything new`() {
        var memo = SeriesMemo(limit: 1 << 20, now: start)
        for number in 0..<1000 { memo.insert(key(name(number)), UInt32(number), now: start) }
        let full = memo.byteCount

        memo.sweep(start + .seconds(3599))
        memo.sweep(start + .seconds(3600))
        for number in 0..<10 { _ = memo.find(key(name(number))) }
        #expect(memo.count == 1000)
        memo.sweep(start + .seconds(7200))

        #expect(memo.count == 10)
        #expect(memo.byteCount < full / 8)
        #expect(memo.find(key(name(3))) == 3)
        #expect(memo.find(key(name(30))) == nil)
        memo.sweep(start + .seconds(10_800))
        memo.sweep(start + .seconds(14_400))
        #expect(memo.count == 0)
        #expect(memo.find(key(name(3))) == nil)
        memo.insert(key(name(3)), 4, now: start + .seconds(14_400))
        #expect(memo.find(key(name(3))) == 4)
    }
}
