import TimeSeries

/// Machines as node_exporter shows them, each of 1,022 series: processors, memory, disks, file systems, networks,
/// interrupts, and a service with latency histograms. The same seed gives the same samples everywhere.
struct Machines {
    /// How a series moves from one scrape to the next.
    enum Motion { case constant, seconds, count, bytes, level, load, rare }

    static let width = 1022

    let count: Int
    private(set) var columns: [Labels] = []
    private var motions: [Motion] = []
    private var random = RandomBits(state: 0x9e37_79b9_7f4a_7c15)
    /// The last values of each machine.
    private(set) var values: [[Double]] = []

    init(count: Int) {
        self.count = count
        add("up", [], .constant)
        addProcessors()
        addNetworks()
        addStorage()
        addService()
        addMemory()
        var filler = 0
        while columns.count < Machines.width {
            let pairs = [
                ("cpu", "\(filler % 2)"), ("type", "\(filler / 2)"), ("devices", "virtio\(filler % 7)"),
            ]
            add("node_interrupts_total", pairs, filler % 5 == 0 ? .count : .constant)
            filler += 1
        }
        for machine in 0..<count {
            // Counters begin high: how far one near zero is extrapolated differs between versions of Prometheus.
            values.append(
                columns.indices.map { index in
                    let start = Double((index &* 7919 &+ machine &* 104_729) % 100_000)
                    return switch motions[index] {
                    case .bytes: 1e10 + start
                    case .count, .seconds: 1e6 + start
                    default: start
                    }
                })
            values[machine][0] = 1
        }
    }

    /// The labels that a target gives to all of its series.
    func target(_ machine: Int) -> [(name: String, value: String)] {
        [(name: "instance", value: "host-\(machine):9100"), (name: "job", value: "node")]
    }

    /// Machines are scraped at moments of their own, so many milliseconds apart.
    func time(_ machine: Int, _ row: Int, end: Int64, rows: Int) -> Int64 {
        end - Int64(rows - 1 - row) * 15_000 - Int64((machine * 149 + 37) % 15_000)
    }

    /// Moves a machine on to its next scrape.
    mutating func step(_ machine: Int) {
        for index in columns.indices {
            switch motions[index] {
            case .constant: break
            case .seconds:
                let value = values[machine][index] + Double(random.next() % 1500) / 100
                values[machine][index] = (value * 100).rounded() / 100
            case .count: values[machine][index] += Double(random.next() % 40)
            case .bytes: values[machine][index] += Double(random.next() % 200_000)
            case .level:
                values[machine][index] = max(
                    0, values[machine][index] + Double(random.next() % 401) * 4096 - 819_200)
            case .load: values[machine][index] = Double(random.next() % 400) / 100
            case .rare: if random.next() % 12 == 0 { values[machine][index] += 1 }
            }
        }
    }

    private mutating func add(_ name: String, _ pairs: [(String, String)], _ motion: Motion) {
        columns.append(Labels([(name: "__name__", value: name)] + pairs.map { (name: $0.0, value: $0.1) }))
        motions.append(motion)
    }

    private mutating func addProcessors() {
        for cpu in 0..<2 {
            for mode in ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"] {
                add("node_cpu_seconds_total", [("cpu", "\(cpu)"), ("mode", mode)], .seconds)
            }
        }
        for name in ["node_load1", "node_load5", "node_load15"] { add(name, [], .load) }
        add(
            "node_uname_info", [("nodename", "machine"), ("release", "6.1.0"), ("sysname", "Linux")],
            .constant)
    }

    private mutating func addNetworks() {
        for device in ["eth0", "eth1", "lo", "docker0"] {
            for what in ["bytes", "packets", "errs", "drop", "fifo", "compressed"] {
                for way in ["receive", "transmit"] {
                    let motion: Motion =
                        switch what {
                        case "bytes": .bytes
                        case "packets": .count
                        default: .constant
                        }
                    add("node_network_\(way)_\(what)_total", [("device", device)], motion)
                }
            }
            for what in ["mtu_bytes", "up", "speed_bytes", "carrier", "flags"] {
                add("node_network_\(what)", [("device", device)], .constant)
            }
        }
    }

    private mutating func addStorage() {
        for mount in 0..<8 {
            let pairs = [("device", "/dev/vd\(mount)"), ("fstype", "ext4"), ("mountpoint", "/mnt/\(mount)")]
            for (what, motion) in [("avail", Motion.level), ("free", .level), ("size", .constant)] {
                add("node_filesystem_\(what)_bytes", pairs, motion)
            }
            for what in ["reads_completed", "writes_completed", "read_bytes", "written_bytes"] {
                add("node_disk_\(what)_total", [("device", "vd\(mount)")], .bytes)
            }
        }
    }

    /// Latency histograms of eight handlers, ten buckets each.
    private mutating func addService() {
        let bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"]
        for handler in 0..<8 {
            for bound in bounds {
                let pairs = [("handler", "/api/\(handler)"), ("le", bound)]
                add("http_request_duration_seconds_bucket", pairs, .count)
            }
            add("http_request_duration_seconds_sum", [("handler", "/api/\(handler)")], .seconds)
            add("http_request_duration_seconds_count", [("handler", "/api/\(handler)")], .count)
        }
    }

    private mutating func addMemory() {
        for number in 0..<44 {
            let name = number == 0 ? "MemFree" : number == 1 ? "MemAvailable" : "Part\(number)"
            add("node_memory_\(name)_bytes", [], number < 12 ? .level : .constant)
        }
        for number in 0..<200 {
            add(
                "node_vmstat_event\(number)", [],
                [.constant, .constant, .count, .rare, .constant][number % 5])
        }
        for number in 0..<120 {
            add(
                "node_netstat_Tcp_Counter\(number)", [],
                [.constant, .constant, .constant, .count, .rare][number % 5])
        }
    }
}

/// Numbers that look random and are the same in every run (xorshift).
struct RandomBits {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state >> 11
    }
}
