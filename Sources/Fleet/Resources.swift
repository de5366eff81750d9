/// An amount of CPU and memory, in whole thousandths of a core and whole bytes, so that sums are exact everywhere.
package struct Resources: Hashable, Sendable, Codable {
    package var milliCPU: Int64
    package var memoryBytes: Int64

    package init(milliCPU: Int64 = 0, memoryBytes: Int64 = 0) {
        self.milliCPU = milliCPU
        self.memoryBytes = memoryBytes
    }

    package static let zero = Resources()

    package static func + (a: Resources, b: Resources) -> Resources {
        Resources(milliCPU: a.milliCPU + b.milliCPU, memoryBytes: a.memoryBytes + b.memoryBytes)
    }

    package static func - (a: Resources, b: Resources) -> Resources {
        Resources(milliCPU: a.milliCPU - b.milliCPU, memoryBytes: a.memoryBytes - b.memoryBytes)
    }

    package static func += (a: inout Resources, b: Resources) { a = a + b }
    package static func -= (a: inout Resources, b: Resources) { a = a - b }

    package func fits(in room: Resources) -> Bool {
        milliCPU <= room.milliCPU && memoryBytes <= room.memoryBytes
    }
}
