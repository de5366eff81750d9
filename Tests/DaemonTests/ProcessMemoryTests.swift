import Testing

@testable import Daemon

struct ProcessMemoryTests {
    @Test func `only what is in files as it is in memory is given back`() {
        func mapping(_ head: String, anonymous: Int) -> [String] {
            [
                head, "Size:               1024 kB", "Rss:                 512 kB",
                "Anonymous:  \(anonymous) kB",
            ]
        }
        let maps =
            mapping("5573c3d73000-5573c5500000 r-xp 00400000 fe:00 2268      /usr/bin/flyball", anonymous: 0)
            + mapping(
                "5573c5500000-5573c5600000 r--p 00400000 fe:00 2268      /usr/bin/flyball", anonymous: 0)
            + mapping(
                "5573c5600000-5573c5700000 r--p 00400000 fe:00 2268      /usr/bin/flyball", anonymous: 8)
            + mapping(
                "5573c5700000-5573c5800000 rw-p 00400000 fe:00 2268      /usr/bin/flyball", anonymous: 0)
            + mapping(
                "7f2ec081d000-7f2ec0949000 r-xp 00000000 fe:00 17        /lib/with a blank.so", anonymous: 0)
            + mapping("7ffc1a5d7000-7ffc1a5d9000 r-xp 00000000 00:00 0         [vdso]", anonymous: 0)
            + mapping("7f2ebdfab000-7f2ebe7ab000 r-xp 00000000 00:00 0 ", anonymous: 0)
            + mapping("damaged r-xp 0 0 0 /x", anonymous: 0)
            + ["7f2ebdfab000-7f2ebe7ab000 r-xp 00000000 fe:00 18 /cut/off"]

        #expect(
            ProcessMemory.cleanRanges(in: maps) == [
                0x5573_c3d7_3000..<0x5573_c550_0000, 0x5573_c550_0000..<0x5573_c560_0000,
                0x7f2e_c081_d000..<0x7f2e_c094_9000,
            ])
    }

    @Test func `the process finds its code and goes on after giving it back`() {
        #expect(ProcessMemory.cleanRanges().count > 3)
        ProcessMemory.giveBackCode()
        ProcessMemory.giveBackHeap()
        #expect(ProcessMemory.cleanRanges().count > 3)
    }
}
