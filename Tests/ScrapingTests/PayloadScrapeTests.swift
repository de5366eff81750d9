import Curl
import Exposition
import Glibc
import Scraping
import Testing
import TimeSeries

/// Real payloads through a whole scrape: what the sink received against what the text says.
@Suite(.enabled(if: SharedFolder.path != nil))
struct PayloadScrapeTests {
    @Test(arguments: ["node_exporter_e2e", "k8s_1_31__ksm", "k8s_1_31__controlplane_etcd"])
    func `every line of a payload reaches the sink with its value, scrape after scrape`(name: String)
        async throws
    {
        let bytes = SharedFolder.unpack("payloads/\(name).prom.xz")
        let text = String(decoding: bytes, as: UTF8.self)
        let rig = try ScrapeRig()

        for _ in 0..<3 { await rig.scrape(text) }

        var reader = ExpositionReader()
        var lines = 0
        var wrong = 0
        while let entry = try reader.next(bytes.span) {
            guard case .sample(let sample) = entry, sample.timestamp == nil else { continue }
            lines += 1
            let labels = try reader.labels(bytes.span).merging(Labels(["job": "j", "instance": "a:1"]))
            let values = rig.sink.samples(labels).map(\.value.bitPattern)
            if values != Array(repeating: sample.value.bitPattern, count: 3) { wrong += 1 }
        }
        #expect(lines > 1000)
        #expect(wrong == 0)
        #expect(rig.values("scrape_series_added")[1...] == ["0.0", "0.0"])
        #expect(rig.sink.complaints.isEmpty)
    }

    @Test func `a payload that loses and regains lines at random gives what a cold reading gives`()
        async throws
    {
        let bytes = SharedFolder.unpack("payloads/node_exporter_e2e.prom.xz")
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").prefix(600)
        let rig = try ScrapeRig()
        var random = SplitMix(state: 7)
        var expected: [Labels: [UInt64]] = [:]

        for round in 0..<30 {
            let kept = lines.filter { $0.hasPrefix("#") || random.next() % 8 != 0 }
            let text = kept.map { line in
                line.hasPrefix("#") ? line + "\n" : line[...line.lastIndex(of: " ")!] + "\(round)\n"
            }.joined()
            await rig.scrape(text)
            let body = Array(text.utf8)
            var reader = ExpositionReader()
            var seen: Set<Labels> = []
            while let entry = try reader.next(body.span) {
                guard case .sample(let sample) = entry else { continue }
                let labels = try reader.labels(body.span).merging(Labels(["job": "j", "instance": "a:1"]))
                expected[labels, default: []].append(sample.value.bitPattern)
                seen.insert(labels)
            }
            for labels in expected.keys where !seen.contains(labels) {
                if expected[labels]?.last != Marker.stale.bitPattern {
                    expected[labels]?.append(Marker.stale.bitPattern)
                }
            }
        }

        let wrong = expected.filter { rig.sink.samples($0.key).map(\.value.bitPattern) != $0.value }
        #expect(wrong.isEmpty, "\(wrong.keys.prefix(3))")
        #expect(rig.sink.complaints.isEmpty)
    }
}

extension PayloadScrapeTests {
    @Test func `a damaged payload is read as a cold reading reads it, or refused as that refuses it`()
        async throws
    {
        let bytes = SharedFolder.unpack("payloads/node_exporter_e2e.prom.xz")
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let original = Array(lines.prefix(60).joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
        let damage = Array("\"{}= \n\\#,1e".utf8)
        var random = SplitMix(state: 11)
        let rig = try ScrapeRig()

        for _ in 0..<400 {
            var body = original
            for _ in 0..<random.next() % 3 {
                let place = Int(random.next() % UInt64(body.count))
                switch random.next() % 3 {
                case 0: body[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: body.remove(at: place)
                default: body.insert(damage[Int(random.next() % UInt64(damage.count))], at: place)
                }
            }
            rig.transport.answer(ScrapeRig.url, with: TransportResponse(status: 200, body: body))
            await rig.scrape()
            let cold = ColdReading(body)

            #expect(
                rig.status?.health == (cold.isValid ? .up : .down), "\(String(decoding: body, as: UTF8.self))"
            )
            for (labels, value) in cold.values {
                let whole = labels.merging(Labels(["job": "j", "instance": "a:1"]))
                #expect(rig.sink.samples(whole).last?.value.bitPattern == value, "\(whole)")
            }
        }
        #expect(rig.sink.complaints.isEmpty)
    }
}

/// What a body says to a reader that has seen nothing before; empty where the body is refused.
private struct ColdReading {
    var isValid = true
    var values: [Labels: UInt64] = [:]

    init(_ body: [UInt8]) {
        var reader = ExpositionReader()
        do {
            while let entry = try reader.next(body.span) {
                guard case .sample(let sample) = entry else { continue }
                let labels = try reader.labels(body.span)
                if sample.timestamp == nil, values[labels] == nil { values[labels] = sample.value.bitPattern }
            }
        } catch {
            isValid = false
            values = [:]
        }
    }
}

/// The folder `shared` beside the checkout, or where FLYBALL_SHARED says; with its final slash.
enum SharedFolder {
    static let path: String? = {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let beside = root.dropLast().joined(separator: "/") + "/shared/"
        let named = unsafe getenv("FLYBALL_SHARED").map { unsafe String(cString: $0) + "/" }
        return [beside, named].compactMap { $0 }.first { unsafe access($0, R_OK) == 0 }
    }()

    static func unpack(_ name: String) -> [UInt8] {
        guard let pipe = unsafe popen("xz -dc '\(path ?? "")\(name)'", "r") else { return [] }
        defer { unsafe pclose(pipe) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = unsafe fread(&buffer, 1, buffer.count, pipe), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }
}

/// A small generator with a seed, so that a failure can be repeated.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
