import Testing

@testable import Fleet

struct QuantityTests {
    @Test(arguments: [
        ("500m", 500), ("0.5", 500), ("2", 2000), ("1.25", 1250), (".1", 100), ("0.0001", 1), ("0", 0),
    ])
    func `a CPU amount is read in thousandths, rounded up`(text: String, milli: Int64) {
        #expect(Quantity.milliCPU(text) == milli)
    }

    @Test(arguments: [
        ("64MiB", 64 << 20), ("64Mi", 64 << 20), ("2GiB", 2 << 30), ("1.5Gi", 3 << 29),
        ("1500M", 1_500_000_000),
        ("1000", 1000), ("10B", 10), ("1k", 1000),
    ])
    func `a memory amount is read in bytes`(text: String, bytes: Int64) {
        #expect(Quantity.bytes(text) == bytes)
    }

    @Test(arguments: [
        "", "-1", "m", ".", "1e3", "0x10", "64mi", "99999999999999999999", "9000000Ti", "1 GiB", "NaN",
    ])
    func `anything else is not an amount`(text: String) {
        #expect(Quantity.bytes(text) == nil)
        #expect(Quantity.milliCPU(text) == nil || text == "m")
    }

    @Test func `amounts are shown as they are written`() {
        #expect(Quantity.cpuText(250) == "250m")
        #expect(Quantity.cpuText(3000) == "3")
        #expect(Quantity.memoryText(64 << 20) == "64MiB")
        #expect(Quantity.memoryText((3 << 30) + 1) == "3.0GiB")
        #expect(Quantity.memoryText(-(64 << 20)) == "-64MiB")
        #expect(Resources(milliCPU: 500, memoryBytes: 1 << 30).description == "cpu 500m, memory 1GiB")
    }
}
