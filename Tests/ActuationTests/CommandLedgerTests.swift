import Actuation
import Control
import Fleet
import Testing
import TimeSeries

@Suite struct CommandLedgerTests {
    @Test func `a refused command is refused again`() {
        var ledger = CommandLedger()
        #expect(ledger.judge(start("web-1"), at: begin) == .new)
        ledger.record(start("web-1"), refusal: "no room")

        #expect(ledger.judge(start("web-1"), at: begin) == .rejected(.refused("no room")))
    }

    @Test func `a lower epoch is fenced even where the command was taken`() {
        var ledger = CommandLedger()
        #expect(ledger.judge(start("web-1"), at: begin) == .new)
        ledger.record(start("web-1"))
        ledger.observe(epoch: 4)

        #expect(ledger.judge(start("web-1"), at: begin) == .rejected(.fenced(seen: 4)))
    }

    @Test func `a taken command is repeated even past its deadline`() {
        var ledger = CommandLedger()
        ledger.record(start("web-1"))

        #expect(ledger.judge(start("web-1"), at: begin + .seconds(60)) == .repeated)
    }

    @Test func `a start of an earlier term does not undo a stop of a later one`() {
        var ledger = CommandLedger()
        ledger.record(stop("web-1", id: "e1-2", issuedAt: begin + .seconds(1)))

        guard case .rejected(.refused) = ledger.judge(start("web-1"), at: begin) else {
            Issue.record("the start was taken")
            return
        }
        #expect(ledger.judge(start("web-1", id: "e2-1", epoch: 2), at: begin) == .new)
    }

    @Test func `what is remembered is bounded`() {
        var ledger = CommandLedger()
        for number in 0...CommandLedger.capacity { ledger.record(start("web-1", id: "e1-\(number)")) }

        #expect(ledger.judge(start("web-1", id: "e1-0"), at: begin) == .new)
        #expect(ledger.judge(start("web-1", id: "e1-1"), at: begin) == .repeated)
    }
}
