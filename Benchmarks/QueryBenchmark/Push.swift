import Codecs
import Glibc
import TimeSeries

/// Remote-write requests with the samples of a few scrapes of one machine each.
enum Push {
    private static let rowsPerRequest = 10

    static func run(machines count: Int, rows: Int, end: Int64) {
        var machines = Machines(count: count)
        let labels = (0..<count).map { machine in
            machines.columns.map { column in
                var message: [UInt8] = []
                for pair in column.merging(Labels(machines.target(machine))).pairs {
                    var label: [UInt8] = []
                    label.append(protobufField: 1, text: pair.name)
                    label.append(protobufField: 2, text: pair.value)
                    message.append(protobufField: 1, bytes: label)
                }
                return message
            }
        }
        for start in stride(from: 0, to: rows, by: rowsPerRequest) {
            // The order of steps is that of `load`, row by row, so that both draw the same numbers.
            var pending = labels
            for row in start..<min(rows, start + rowsPerRequest) {
                for machine in 0..<count {
                    machines.step(machine)
                    let time = machines.time(machine, row, end: end, rows: rows)
                    for column in machines.columns.indices {
                        var sample: [UInt8] = []
                        sample.append(protobufField: 1, double: machines.values[machine][column])
                        sample.append(protobufField: 2, integer: time)
                        pending[machine][column].append(protobufField: 2, bytes: sample)
                    }
                }
            }
            for series in pending {
                var request: [UInt8] = []
                for message in series { request.append(protobufField: 1, bytes: message) }
                write(Snappy.compress(request.span))
            }
        }
    }

    private static func write(_ body: [UInt8]) {
        var framed: [UInt8] = []
        for shift in [0, 8, 16, 24] { framed.append(UInt8(truncatingIfNeeded: body.count >> shift)) }
        framed += body
        var sent = 0
        while sent < framed.count {
            let count = unsafe framed.withUnsafeBytes { bytes in
                unsafe Glibc.write(1, bytes.baseAddress! + sent, bytes.count - sent)
            }
            precondition(count > 0, "want \(framed.count - sent) more bytes taken, got error \(errno)")
            sent += count
        }
    }
}
