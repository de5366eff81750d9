import Curl
import Testing
import Web

@testable import Demo

@Suite struct BalancerTests {
    private let list = #"""
        {"status":"success","data":{"workload":"web","endpoints":[
        {"address":"127.0.0.1:1","replica":"web-1","node":"n1"},
        {"address":"127.0.0.1:2","replica":"web-2","node":"n2"}]}}
        """#
    private let listURL = "http://service/api/v1/fleet/endpoints?workload=web"

    private func balancer(_ transport: InMemoryTransport) async -> Balancer {
        transport.answer(listURL, text: list)
        let balancer = Balancer(
            DemoBalancer.Options(port: 0, service: "http://service"), transport: transport)
        await balancer.refresh()
        return balancer
    }

    @Test func `a replica that is gone costs no request`() async {
        let transport = InMemoryTransport()
        transport.fail("http://127.0.0.1:1/work", with: .refused("gone"))
        transport.answer("http://127.0.0.1:2/work", text: "done")
        let balancer = await balancer(transport)

        for _ in 0..<10 { #expect(await balancer.pass("/work").status == 200) }
    }

    @Test func `a replica that says it is full is passed over`() async {
        let transport = InMemoryTransport()
        transport.answer("http://127.0.0.1:1/work", with: TransportResponse(status: 503))
        transport.answer("http://127.0.0.1:2/work", text: "done")

        #expect(await balancer(transport).pass("/work").status == 200)
    }

    @Test func `when every replica fails the answer says so`() async {
        let transport = InMemoryTransport()

        #expect(await balancer(transport).pass("/work").status == 502)
    }

    @Test func `an overloaded fleet is not asked many times over`() async {
        let transport = InMemoryTransport()
        transport.answer("http://127.0.0.1:1/work", with: TransportResponse(status: 503))
        transport.answer("http://127.0.0.1:2/work", with: TransportResponse(status: 503))
        let balancer = await balancer(transport)

        for _ in 0..<100 { #expect(await balancer.pass("/work").status == 503) }

        #expect(transport.requests.count < 150)
    }

    @Test func `a request that timed out is not made to wait again`() async {
        let transport = InMemoryTransport()
        transport.fail("http://127.0.0.1:1/work", with: .timedOut)
        transport.fail("http://127.0.0.1:2/work", with: .timedOut)

        #expect(await balancer(transport).pass("/work").status == 504)
        #expect(transport.requests.count == 2)
    }

    @Test func `without replicas the answer is 503`() async {
        let balancer = Balancer(
            DemoBalancer.Options(port: 0, service: "http://service"), transport: InMemoryTransport())

        #expect(await balancer.pass("/work").status == 503)
    }

    @Test func `a service that is away leaves the list as it was`() async {
        let transport = InMemoryTransport()
        transport.answer("http://127.0.0.1:1/work", text: "done")
        let balancer = await balancer(transport)
        transport.fail(listURL, with: .refused("restarting"))
        await balancer.refresh()

        #expect(await balancer.pass("/work").status == 200)
    }
}
