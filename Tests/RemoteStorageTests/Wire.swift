import Codecs
import Foundation
import TimeSeries

/// Builds remote-write messages.
enum Wire {
    static func series(
        _ labels: [(String, String)], _ samples: [(Int64, Double)], histograms: [[UInt8]] = []
    ) -> [UInt8] {
        var message: [UInt8] = []
        for (name, value) in labels {
            var label: [UInt8] = []
            label.append(protobufField: 1, text: name)
            label.append(protobufField: 2, text: value)
            message.append(protobufField: 1, bytes: label)
        }
        for (time, value) in samples {
            var sample: [UInt8] = []
            sample.append(protobufField: 1, double: value)
            sample.append(protobufField: 2, integer: time)
            message.append(protobufField: 2, bytes: sample)
        }
        for histogram in histograms { message.append(protobufField: 4, bytes: histogram) }
        return message
    }

    static func request(_ series: [UInt8]...) -> [UInt8] {
        var request: [UInt8] = []
        for one in series { request.append(protobufField: 1, bytes: one) }
        return request
    }

    static func snappy(_ request: [UInt8]) -> [UInt8] { Snappy.compress(request.span) }

    /// The request that `Golden/make.py` wrote.
    static func golden() throws -> [UInt8] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return Array(try Data(contentsOf: folder.appendingPathComponent("Golden/request.snappy")))
    }
}
