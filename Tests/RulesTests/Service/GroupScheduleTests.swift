import Testing
import TimeSeries

@testable import Rules

@Suite struct GroupScheduleTests {
    private let group = RuleGroup(name: "g", file: "f", interval: .seconds(60), rules: [])

    private func at(_ seconds: Int64) -> Timestamp {
        group.slot(atOrBefore: Timestamp(milliseconds: 6_000_000_000)) + .seconds(seconds)
    }

    @Test func `slots follow each other`() {
        var schedule = GroupSchedule(group, now: at(10), uptime: .seconds(10))

        #expect(schedule.wait(now: at(10)) == .seconds(50))
        #expect(schedule.turn(now: at(59), uptime: .seconds(59)) == nil)
        #expect(
            schedule.turn(now: at(61), uptime: .seconds(61))
                == .init(moment: at(60), missed: 0, clockJump: .zero))
        #expect(schedule.wait(now: at(62)) == .seconds(58))
    }

    @Test func `slots that pass during a long evaluation are missed, the last is made up for`() {
        var schedule = GroupSchedule(group, now: at(0), uptime: .zero)
        _ = schedule.turn(now: at(60), uptime: .seconds(60))

        #expect(schedule.wait(now: at(250)) == .zero)
        #expect(
            schedule.turn(now: at(250), uptime: .seconds(250))
                == .init(moment: at(240), missed: 2, clockJump: .zero))
    }

    @Test func `a clock that jumps ahead is no missed slot`() {
        var schedule = GroupSchedule(group, now: at(0), uptime: .zero)
        _ = schedule.turn(now: at(60), uptime: .seconds(60))

        #expect(
            schedule.turn(now: at(3720), uptime: .seconds(120))
                == .init(moment: at(3720), missed: 0, clockJump: .seconds(3600)))
    }

    @Test func `a clock that goes back begins its slots anew`() {
        var schedule = GroupSchedule(group, now: at(3600), uptime: .zero)

        #expect(schedule.wait(now: at(30)) == .seconds(30))
        #expect(
            schedule.turn(now: at(60), uptime: .seconds(30))
                == .init(moment: at(60), missed: 0, clockJump: .seconds(-3570)))
    }
}
