import Journal
import Testing

/// A log on a disk that fails in any way at any time, and loses its power again and again.
@Suite struct LogTortureTests {
    private struct Torture {
        var random: Generator
        let disk = SimulatedDisk()
        var log: Log
        /// What was appended last under each sequence.
        var written: [UInt64: [UInt8]] = [:]
        var acknowledged: UInt64 = 0
        var floor: UInt64 = 0
        /// Whether what the system has in memory may differ from what the disk has without anybody knowing.
        var isCacheTrue = true

        init(seed: UInt64) throws {
            random = Generator(state: seed)
            log = try Torture.open(disk, 1 << 20)
        }

        private static func open(_ disk: SimulatedDisk, _ segmentSize: Int) throws -> Log {
            try Log(disk: disk, folder: "log", configuration: LogConfiguration(segmentSize: segmentSize))
        }

        mutating func step() throws {
            switch random.below(16) {
            case 0..<6:
                let record = (0..<random.below(150)).map {
                    UInt8(truncatingIfNeeded: $0 &* random.below(256))
                }
                written[try log.append(record)] = record
            case 6..<10: commit()
            case 10: trouble()
            case 11, 12: disk.heal()
            case 13: try restart { $0.cut() }
            case 14: try restart { if $0.isCacheTrue { $0.disk.kill() } else { $0.cut() } }
            default:
                guard acknowledged > floor else { return }
                floor += UInt64(random.below(Int(acknowledged - floor)))
                if (try? log.truncate(below: floor + 1)) == nil { isCacheTrue = false }
            }
        }

        private mutating func commit() {
            if let durable = try? log.commit() {
                acknowledged = durable
                isCacheTrue = true
            } else {
                isCacheTrue = false
            }
        }

        private mutating func trouble() {
            let (length, pattern) = (32 << random.below(3), random.next())
            disk.loseOnly(pagesOf: length) { pattern >> UInt64($0 & 63) & 1 == 1 }
            disk.failCall(
                1 + random.below(8), code: random.below(3) == 0 ? 28 : 5, lasts: random.below(2) == 0)
        }

        private mutating func cut() {
            var generator = random
            disk.crash(names: random.below(3) == 0 ? .all : .synchronised) { _, count in
                generator.below(count + 1)
            }
            isCacheTrue = true
        }

        /// Ends the process one way or the other; what was acknowledged before is there afterwards.
        mutating func restart(_ end: (inout Torture) -> Void) throws {
            end(&self)
            log = try Torture.open(disk, 1 << (8 + random.below(12)))
            var found: Set<UInt64> = []
            try log.forEach { sequence, record in
                #expect(written[sequence] == record, "record \(sequence)")
                #expect(found.insert(sequence).inserted, "record \(sequence) twice")
            }
            let due = written.keys.filter { $0 > floor && $0 <= acknowledged }
            let missing = due.filter { !found.contains($0) }.sorted()
            #expect(missing.isEmpty)
            #expect(log.nextSequence > acknowledged)
            // What was not acknowledged may be there or not; a deleted file may come back.
            written = written.filter { found.contains($0.key) || $0.key <= floor }
        }
    }

    @Test(arguments: 0..<300) func `whatever fails, what was acknowledged is there`(seed: UInt64) throws {
        var torture = try Torture(seed: seed)
        for _ in 0..<200 { try torture.step() }
        torture.disk.heal()
        let last = try torture.log.commit()
        #expect(last == torture.log.nextSequence - 1)
        torture.acknowledged = last
        try torture.restart { $0.disk.crash() }
    }
}

private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}
