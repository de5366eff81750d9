import Glibc
import LoadPayload

/// Serves the targets, a port each, and a report on a port of its own: one thread, HTTP/1.1 with kept-alive connections.
struct Server {
    private struct Connection {
        var socket: Int32
        /// Nil for the port of the report.
        var target: Int?
        var request: [UInt8] = []
        /// What the socket did not take yet.
        var unsent: [UInt8] = []
        var sent = 0
    }

    private var targets: [Machine]
    private var punctuality: [Punctuality]
    private var listeners: [(socket: Int32, target: Int?)] = []
    private var connections: [Connection] = []
    private var entries: [pollfd] = []
    private var isChanged = true
    private var body: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)
    private var samples = 0
    private var bytes = 0
    private let start = Nanoseconds.now()
    private(set) var ports: [UInt16] = []
    private(set) var reportPort: UInt16 = 0

    /// Nil where there are not enough ports or sockets. The interval is in nanoseconds.
    init?(_ targets: [Machine], interval: Int64) {
        self.targets = targets
        punctuality = targets.map { _ in Punctuality(interval: interval) }
        for number in targets.indices {
            guard let listener = Sockets.listen() else { return nil }
            listeners.append((listener.socket, number))
            ports.append(listener.port)
        }
        guard let control = Sockets.listen() else { return nil }
        listeners.append((control.socket, nil))
        reportPort = control.port
    }

    /// Serves until `end`, in nanoseconds of the monotonic clock.
    mutating func run(until end: Int64) {
        while Nanoseconds.now() < end {
            if isChanged { rebuildEntries() }
            Sockets.wait(&entries, milliseconds: 200)
            let now = Nanoseconds.now()
            for index in listeners.indices where entries[index].revents != 0 {
                while let socket = Sockets.accept(listeners[index].socket) {
                    connections.append(Connection(socket: socket, target: listeners[index].target))
                    isChanged = true
                }
            }
            var gone: [Int] = []
            for index in connections.indices where listeners.count + index < entries.count {
                let ready = entries[listeners.count + index].revents
                if ready != 0, !advance(index, ready, now) { gone.append(index) }
            }
            for index in gone.reversed() {
                close(connections.remove(at: index).socket)
                isChanged = true
            }
        }
    }

    private mutating func rebuildEntries() {
        entries = listeners.map { pollfd(fd: $0.socket, events: Int16(POLLIN), revents: 0) }
        entries += connections.map {
            pollfd(fd: $0.socket, events: Int16($0.unsent.isEmpty ? POLLIN : POLLOUT), revents: 0)
        }
        isChanged = false
    }

    /// False where the connection is over.
    private mutating func advance(_ index: Int, _ ready: Int16, _ now: Int64) -> Bool {
        let socket = connections[index].socket
        if !connections[index].unsent.isEmpty {
            guard let sent = Sockets.send(socket, connections[index].unsent, from: connections[index].sent)
            else { return false }
            connections[index].sent += sent
            if connections[index].sent == connections[index].unsent.count {
                connections[index].unsent = []
                isChanged = true
            }
            return true
        }
        guard Sockets.receive(socket, &buffer, into: &connections[index].request) else { return false }
        let request = connections[index].request
        guard request.suffix(4).elementsEqual("\r\n\r\n".utf8) else { return request.count < 16 << 10 }
        connections[index].request.removeAll(keepingCapacity: true)
        answer(connections[index].target, now)
        guard let sent = Sockets.send(socket, body, from: 0) else { return false }
        if sent < body.count {
            connections[index].unsent = body
            connections[index].sent = sent
            isChanged = true
        }
        return true
    }

    /// Puts the whole answer into `body`. The length stands in a field of fixed width, filled in behind.
    private mutating func answer(_ target: Int?, _ now: Int64) {
        body.removeAll(keepingCapacity: true)
        let type = target == nil ? "application/json" : "text/plain; version=0.0.4; charset=utf-8"
        body += Array("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nContent-Length:".utf8)
        let field = body.count
        body += Array("          \r\n\r\n".utf8)
        let head = body.count
        if let target {
            punctuality[target].note(now)
            targets[target].move()
            targets[target].write(to: &body)
            samples += targets[target].sampleCount
            bytes += body.count - head
        } else {
            body += Array(report().utf8)
        }
        let length = Array(String(body.count - head).utf8)
        body.replaceSubrange(field + 10 - length.count..<field + 10, with: length)
    }

    /// What was served so far, as JSON. Times in seconds.
    func report() -> String {
        func sum(_ part: (Punctuality) -> Int) -> Int { punctuality.reduce(0) { $0 + part($1) } }
        let gap = Double(punctuality.map(\.longestGap).max() ?? 0) / 1e9
        let troubled = punctuality.count { $0.late + $0.missed > 0 }
        let never = punctuality.count { $0.scrapes == 0 }
        let processor = Double(Nanoseconds.now(CLOCK_PROCESS_CPUTIME_ID)) / 1e9
        return """
            {"seconds": \(Double(Nanoseconds.now() - start) / 1e9), "targets": \(targets.count), \
            "samples_per_scrape": \(targets.first?.sampleCount ?? 0), "scrapes": \(sum(\.scrapes)), \
            "samples": \(samples), "bytes": \(bytes), "late": \(sum(\.late)), "missed": \(sum(\.missed)), \
            "targets_late_or_missed": \(troubled), "targets_never_scraped": \(never), \
            "longest_gap_seconds": \(gap), "processor_seconds": \(processor)}
            """
    }
}
