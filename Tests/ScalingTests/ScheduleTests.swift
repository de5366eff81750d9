import Documents
import Fleet
import Testing
import TimeSeries

@testable import Scaling

struct ScheduleTests {
    private func moment(_ text: String) -> Timestamp { RFC3339.parse(text)! }

    private func office(zone: String, days: String = "mon-fri") -> ScalingSchedule {
        ScalingSchedule(
            name: "office", times: .daily(days: CronExpression.weekdays(days)!, from: 450, to: 1140),
            zone: zone, least: 10)
    }

    /// 07:30 in Berlin is 06:30 UTC in winter and 05:30 in summer, and 02:30 skipped or repeated is no trap.
    @Test(
        arguments: [
            ("2026-01-12T06:29:59Z", nil), ("2026-01-12T06:30:00Z", "2026-01-12T18:00:00Z"),
            ("2026-01-12T17:59:59Z", "2026-01-12T18:00:00Z"), ("2026-01-12T18:00:00Z", nil),
            ("2026-07-13T05:29:59Z", nil), ("2026-07-13T05:30:00Z", "2026-07-13T17:00:00Z"),
            ("2026-03-27T07:00:00Z", "2026-03-27T18:00:00Z"),
            ("2026-03-30T06:00:00Z", "2026-03-30T17:00:00Z"),
            ("2026-07-11T08:00:00Z", nil),
        ] as [(String, String?)])
    func `hours hold by the clock on the wall`(at: String, until: String?) {
        let end = ScheduleCalendar.end(of: office(zone: "Europe/Berlin"), at: moment(at))

        #expect(end == until.map(moment))
    }

    @Test
    func `a night that begins on Friday ends on Saturday`() {
        let night = ScalingSchedule(
            name: "night", times: .daily(days: [5], from: 22 * 60, to: 6 * 60), zone: "UTC", most: 5)

        #expect(
            ScheduleCalendar.end(of: night, at: moment("2026-01-17T05:59:00Z"))
                == moment("2026-01-17T06:00:00Z"))
        #expect(ScheduleCalendar.end(of: night, at: moment("2026-01-17T22:30:00Z")) == nil)
    }

    @Test
    func `a night over the change of the clock is an hour shorter or longer`() {
        let night = ScalingSchedule(
            name: "night", times: .daily(days: Array(0...6), from: 22 * 60, to: 6 * 60),
            zone: "Europe/Berlin", most: 5)

        #expect(
            ScheduleCalendar.end(of: night, at: moment("2026-03-28T21:00:00Z"))
                == moment("2026-03-29T04:00:00Z"))
        #expect(
            ScheduleCalendar.end(of: night, at: moment("2026-10-24T20:00:00Z"))
                == moment("2026-10-25T05:00:00Z"))
    }

    @Test(arguments: [
        ("0 18 24 12 *", "2026-12-24T18:00:00Z", true), ("0 18 24 12 *", "2026-12-25T17:59:00Z", true),
        ("0 18 24 12 *", "2026-12-25T18:00:00Z", false), ("0 18 24 12 *", "2026-12-24T17:59:00Z", false),
        ("*/15 8-9 * * mon,wed", "2026-01-12T09:45:00Z", true),
        ("30 7 * jan-mar 1-5", "2026-04-01T08:00:00Z", false),
        ("0 0 1 * sun", "2026-02-01T01:00:00Z", true), ("0 0 13 * fri", "2026-02-13T01:00:00Z", true),
    ])
    func `a crontab line holds for its time`(line: String, at: String, holds: Bool) throws {
        let cron = try #require(CronExpression(line))
        let schedule = ScalingSchedule(
            name: "drop", times: .cron(cron, lasts: .seconds(86_400)), zone: "UTC", exactly: 20)

        #expect((ScheduleCalendar.end(of: schedule, at: moment(at)) != nil) == holds)
    }

    @Test(arguments: [
        "", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *",
        "5-1 * * * *", "a * * * *", "1,,2 * * * *", "* * * * * *",
    ])
    func `what is no crontab line is refused`(line: String) {
        #expect(CronExpression(line) == nil)
    }

    @Test
    func `a schedule raises, lowers or fixes the count and says until when`() throws {
        var scene = Scene(target: .perReplica(50), min: 1, max: 40, current: 4)
        scene.now = moment("2026-01-12T07:00:00Z")
        scene.policy.schedules = [office(zone: "Europe/Berlin")]

        let raised = scene.decide(200)
        #expect(raised.desired == 10)
        #expect(raised.reason(.schedule)?.until == moment("2026-01-12T18:00:00Z"))

        scene.policy.schedules = [
            ScalingSchedule(name: "cap", times: .daily(days: [1], from: 0, to: 1440), least: nil, most: 3)
        ]
        #expect(scene.decide(5000).desired == 3)

        scene.policy.schedules = [
            ScalingSchedule(name: "fix", times: .daily(days: [1], from: 0, to: 1440), exactly: 60)
        ]
        #expect(scene.decide(0).desired == 40)
    }

    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]])
    func `the larger minimum wins over any maximum, whichever is written first`(order: [Int]) {
        var scene = Scene(target: .perReplica(50), min: 1, max: 40, current: 4)
        let always = ScalingSchedule.Times.daily(days: Array(0...6), from: 0, to: 1440)
        let schedules = [
            ScalingSchedule(name: "fair", times: always, least: 14),
            ScalingSchedule(name: "night", times: always, most: 10),
            ScalingSchedule(name: "day", times: always, least: 6, most: 20),
        ]
        scene.policy.schedules = order.map { schedules[$0] }

        let decision = scene.decide(50)

        #expect(decision.desired == 14)
        #expect(decision.reasons.filter { $0.kind == .schedule }.map(\.subject) == ["fair"])
    }

    /// What a file may not say, memory and hand-made policies may.
    @Test(
        arguments: [(300, nil, nil, 5), (nil, 0, nil, 2), (nil, nil, 20, 5), (nil, nil, 0, 2)]
            as [(Int?, Int?, Int?, Int)])
    func `a schedule never leaves the bounds of the policy`(
        least: Int?, most: Int?, exactly: Int?, count: Int
    ) {
        var scene = Scene(target: .perReplica(50), min: 2, max: 5, current: 3)
        scene.policy.schedules = [
            ScalingSchedule(
                name: "s", times: .daily(days: Array(0...6), from: 0, to: 1440), least: least, most: most,
                exactly: exactly)
        ]

        #expect(scene.decide(150).desired == count)
    }

    /// On 2026-03-29 clocks in Berlin go from 02:00 to 03:00, at 01:00 UTC.
    @Test(
        arguments: [
            (150, 210, "00:59:59", nil), (150, 210, "01:00:00", "01:30:00"), (150, 210, "01:30:00", nil),
            (150, 360, "01:00:00", "04:00:00"), (120, 180, "01:00:00", nil),
            (90, 150, "00:59:59", "01:00:00"),
        ] as [(Int, Int, String, String?)])
    func `hours that the clock skips begin and end with the skip`(
        from: Int, to: Int, at: String, until: String?
    ) {
        let night = ScalingSchedule(
            name: "night", times: .daily(days: [0], from: from, to: to), zone: "Europe/Berlin", least: 5)

        let end = ScheduleCalendar.end(of: night, at: moment("2026-03-29T\(at)Z"))

        #expect(end == until.map { moment("2026-03-29T\($0)Z") })
    }

    @Test
    func `a crontab line at a time that is skipped begins with the skip`() throws {
        let cron = try #require(CronExpression("30 2 * * *"))
        let schedule = ScalingSchedule(
            name: "s", times: .cron(cron, lasts: .seconds(3600)), zone: "Europe/Berlin", least: 5)

        #expect(
            ScheduleCalendar.end(of: schedule, at: moment("2026-03-29T01:00:00Z"))
                == moment("2026-03-29T02:00:00Z"))
    }

    @Test
    func `outside its hours a schedule changes nothing`() {
        var scene = Scene(target: .perReplica(50), min: 1, max: 40, current: 4)
        scene.now = moment("2026-01-12T05:00:00Z")
        scene.policy.schedules = [office(zone: "Europe/Berlin")]

        let decision = scene.decide(200)

        #expect(decision.desired == 4)
        #expect(decision.reason(.schedule) == nil)
    }

    /// The calendar of every day from 1600 to 2400, by counting.
    @Test
    func `days have their date`() {
        var (year, month, day, weekday) = (1600, 1, 1, 6)
        for days in Int64(-135_140)...157_054 {
            let date = CivilDate(daysSince1970: days)
            #expect(date == CivilDate(month: month, day: day, weekday: weekday))
            weekday = (weekday + 1) % 7
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
            day += 1
            if day > length { (day, month) = (1, month + 1) }
            if month > 12 { (month, year) = (1, year + 1) }
        }
    }
}

extension CivilDate {
    fileprivate init(month: Int, day: Int, weekday: Int) {
        self.init(daysSince1970: 0)
        self.month = month
        self.day = day
        self.weekday = weekday
    }
}
