import Journal
import Testing
import TimeSeries

@testable import Storage

/// Up to which moment scrapes are on disk for good.
struct DurabilityTests {
    private let columns = [Labels(["__name__": "m"])]
    private let disk = SimulatedDisk()

    private func open() throws -> Store { try Store(disk: disk, now: at(1000)) }

    private func table(_ store: Store, _ name: String) throws -> TableID {
        try store.openTable(target: Labels(["instance": name]), columns: columns)
    }

    private func durable(_ store: Store) -> Timestamp? { store.statistics().durableTimestamp }

    @Test func `a pushed moment ahead of the clock makes no scrape durable, nor after a restart`() throws {
        let store = try open()
        let scraped = try table(store, "a")
        _ = store.append([SeriesSamples(labels: Labels(["__name__": "p"]), samples: [Sample(at(1280), 1)])])
        _ = store.append(scraped, at: at(1000), row: [1])
        store.note(now: at(1001))
        try store.sync()

        #expect(durable(store) == at(1000))
        try store.snapshot()
        #expect(durable(store) == at(1000))
        let again = try open()
        again.note(now: at(1005))
        #expect(try #require(durable(again)) <= at(1005))
        try again.sync()
        #expect(try #require(durable(again)) <= at(1005))
    }

    @Test func `where nothing is scraped, pushes tell, up to the present`() throws {
        let store = try open()
        _ = store.append([SeriesSamples(labels: Labels(["__name__": "p"]), samples: [Sample(at(1280), 1)])])
        store.note(now: at(1001))
        try store.sync()

        #expect(durable(store) == at(1001))
    }

    @Test func `a slow target's scrape is durable with the next commit, and until then the moment before it`()
        throws
    {
        let store = try open()
        let (quick, slow) = (try table(store, "quick"), try table(store, "slow"))
        _ = store.append(quick, at: at(1010), row: [1])
        try store.sync()
        #expect(durable(store) == at(1010))

        _ = store.append(slow, at: at(1005), row: [1])
        #expect(durable(store) == at(1005) - .milliseconds(1))
        _ = store.append(quick, at: at(1010), row: [1])
        try store.sync()
        #expect(durable(store) == at(1010))
    }

    @Test func `a scrape's samples with older times of their own wait for the commit too`() throws {
        let store = try open()
        let (plain, timed) = (try table(store, "plain"), try table(store, "timed"))
        func scrape(_ moment: Int) {
            let labels = Labels(["__name__": "t", "instance": "timed"])
            _ = store.append(scraped: [SeriesSamples(labels: labels, samples: [Sample(at(moment), 1)])])
        }
        _ = store.append(plain, at: at(1010), row: [1])
        try store.sync()
        _ = store.append(timed, at: at(1011), row: [1])
        scrape(1007)
        #expect(durable(store) == at(1007) - .milliseconds(1))
        try store.sync()
        #expect(durable(store) == at(1011))

        // The same once more brings nothing that could be lost, one ahead is not due.
        scrape(1007)
        scrape(1020)
        #expect(durable(store) == at(1011))
        try store.sync()
        #expect(durable(store) == at(1011))
    }

    @Test func `what a process before this one only wrote is not durable before the first commit`() throws {
        let store = try Store(
            disk: disk, configuration: StoreConfiguration(sync: .none), now: at(1000))
        let (quick, slow) = (try table(store, "quick"), try table(store, "slow"))
        _ = store.append(quick, at: at(1010), row: [1])
        try store.snapshot()
        _ = store.append(slow, at: at(1005), row: [1])
        try store.sync()

        let again = try open()
        #expect(durable(again) == at(1005) - .milliseconds(1))
        try again.sync()
        #expect(durable(again) == at(1010))
    }

    @Test func `what comes while a commit is under way waits for the next one`() {
        var durability = Durability()
        durability.took(scrapeAt: 10, position: 1)
        let moment = durability.beginCommit(newest: 10)
        durability.took(scrapeAt: 10, position: 2)
        durability.committed(moment, through: 1)
        #expect(durability.moment == 9)

        let next = durability.beginCommit(newest: 10)
        durability.took(scrapeAt: 8, position: 3)
        durability.committed(next, through: 2)
        #expect(durability.moment == 7)
        durability.committed(durability.beginCommit(newest: 10), through: 3)
        #expect(durability.moment == 10)
    }

    @Test func `slow targets whose scrapes come during each commit hold it back until the next one`() {
        var durability = Durability()
        for round in 1...5 {
            let (moment, position) = (Int64(100 * round), UInt64(10 * round))
            durability.took(scrapeAt: moment, position: position)
            let due = durability.beginCommit(newest: moment)
            durability.took(scrapeAt: moment - 5, position: position + 1)
            durability.committed(due, through: position)
            #expect(durability.moment == moment - 6)
        }
    }

    @Test func `a failed commit makes nothing durable`() {
        var durability = Durability()
        durability.took(scrapeAt: 10, position: 1)
        durability.committed(durability.beginCommit(newest: 10), through: 1)
        durability.took(scrapeAt: 9, position: 2)
        _ = durability.beginCommit(newest: 10)
        durability.took(scrapeAt: 12, position: 3)

        #expect(durability.moment == 8)
    }

    @Test func `it goes back with the clock`() throws {
        let store = try open()
        let scraped = try table(store, "a")
        _ = store.append(scraped, at: at(5000), row: [1])
        store.note(now: at(5000))
        try store.sync()
        store.note(now: at(1400))
        #expect(durable(store) == at(1400))

        _ = store.append(scraped, at: at(1401), row: [1])
        #expect(durable(store) == at(1400))
        try store.sync()
        #expect(durable(store) == at(1401))
    }
}
