import Journal
import Testing
import TimeSeries

@testable import Storage

struct ForeseenDefinitionTests {
    @Test func `what recovery keeps of the definitions behind a loss is bounded`() throws {
        let log = try Log(disk: SimulatedDisk(), folder: "log")
        let labels = Labels(["__name__": "m"])
        try log.append(StoreRecord.series(0, labels))
        for number in 1...3 as ClosedRange<UInt8> {
            // Nobody looks into these.
            try log.append([StoreRecord.series, number] + [UInt8](repeating: 0, count: 24 << 20))
            try log.commit()
        }
        try log.append(StoreRecord.series(4, labels))
        try log.commit()

        let foreseen = try ForeseenDefinitions(log, from: 1)

        var head = Head(StoreConfiguration())
        #expect(foreseen.complete(series: 0, &head))
        #expect(!foreseen.complete(series: 4, &head))
    }
}
