import Foundation
import Journal
import Storage
import Testing
import TimeSeries

@testable import Daemon

/// A copy of a store that is served.
@Suite struct StoreCopiesTests {
    private let root = NSTemporaryDirectory() + "flyball-copies-" + UUID().uuidString

    private func make(_ body: (RealDisk) throws -> Void) throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        let store = try Store(disk: SimulatedDisk(), now: moment(0))
        let samples = (0..<100).map { Sample(moment($0), Double($0)) }
        _ = store.append([SeriesSamples(labels: Labels(["__name__": "m"]), samples: samples)])
        let disk = try RealDisk(root: root)
        try store.copy(to: disk)
        try body(disk)
    }

    private func moment(_ second: Int) -> Timestamp { Timestamp(milliseconds: 1000 * Int64(second)) }

    private func samples() throws -> Int {
        let disk = try RealDisk(root: root + "/samples")
        return try Store(disk: disk, now: moment(0)).statistics().samples
    }

    @Test func `the folder of a copy becomes that of a service, once`() throws {
        try make { disk in
            #expect(try StoreCopies.adopt(disk))
            #expect(try samples() == 100)
            #expect(try disk.list("") == ["samples"])
            // Copies of the copy stand where a copy has its snapshots.
            try disk.createFolder("snapshots/20261129T000000Z-0123456789abcdef")
            #expect(try !StoreCopies.adopt(disk))
            #expect(try samples() == 100)
        }
    }

    @Test func `an end half way is gone on from`() throws {
        try make { disk in
            try disk.createFolder("samples")
            try disk.rename("log", to: "samples/log")
            #expect(try StoreCopies.adopt(disk))
            #expect(try samples() == 100)
        }
    }

    @Test func `a service before its first snapshot is no copy, where that has lost its empty folder`() throws
    {
        try make { disk in
            #expect(unsafe rmdir(root + "/log") == 0)
            let log = try Log(disk: disk, folder: "samples/log")
            try log.append([UInt8(1)])
            try log.commit()
            #expect(try !StoreCopies.adopt(disk))
            #expect(!disk.exists("samples/snapshots"))

            try disk.remove("samples/log/0000000001.log")
            #expect(try StoreCopies.adopt(disk))
            #expect(try samples() == 100)
        }
    }

    @Test func `a copy without its manifest is adopted, and so is a store that never wrote a snapshot`()
        throws
    {
        try make { disk in
            for name in try disk.list("snapshots") where name.hasPrefix("manifest-") {
                try disk.remove("snapshots/" + name)
            }
            #expect(try StoreCopies.adopt(disk))
            #expect(try samples() == 100)
        }
        defer { try? FileManager.default.removeItem(atPath: root) }
        let disk = try RealDisk(root: root)
        let store = try Store(disk: disk, now: moment(0))
        let sample = SeriesSamples(labels: Labels(["__name__": "m"]), samples: [Sample(moment(1), 1)])
        _ = store.append([sample])
        try store.sync()
        try FileManager.default.removeItem(atPath: root + "/snapshots")
        #expect(try StoreCopies.adopt(disk))
        #expect(try samples() == 1)
        #expect(try !StoreCopies.adopt(disk))
    }

    @Test func `files and folders of somebody else do not make a folder a copy`() throws {
        try make { disk in
            for folder in ["snapshots", "log"] { try disk.rename(folder, to: folder + "-of-the-copy") }
            try disk.createFolder("snapshots/chunks-old")
            try disk.createFolder("snapshots/manifest-0000000001")
            try disk.createFolder("log/0000000001.log")
            for path in ["snapshots/state-of-affairs", "snapshots/manifest-1", "log/flyball.log"] {
                try disk.open(path, create: true).append([1])
            }

            #expect(try !StoreCopies.adopt(disk))
            #expect(!disk.exists("samples"))
            #expect(try ServiceFolder.resolve(root) == root)
        }
    }

    @Test func `a folder with samples of its own stays as it is`() throws {
        try make { disk in
            let own = try Store(disk: try RealDisk(root: root + "/samples"), now: moment(0))
            let sample = Sample(moment(1), 1)
            _ = own.append([SeriesSamples(labels: Labels(["__name__": "own"]), samples: [sample])])
            try own.sync()
            #expect(try !StoreCopies.adopt(disk))
            #expect(try samples() == 1)
        }
    }

    @Test func `what stands in the place of a folder is named`() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: root + "/file", contents: nil)
        try FileManager.default.createSymbolicLink(
            atPath: root + "/link", withDestinationPath: root + "/nothing")

        #expect(ServiceFolder.obstacle(root + "/file/a/b") == "\(root)/file is no folder")
        #expect(ServiceFolder.obstacle(root + "/link") == "\(root)/link is a link to nothing")
        #expect(ServiceFolder.obstacle(root + "/a/b") == nil)
    }
}
