import Documents
package import TimeSeries

/// A schedule that holds at the moment of a measurement, and until when. Decisions take this from the measurement:
/// time zones are tables that change, and a replay must not depend on them.
package struct ActiveSchedule: Hashable, Sendable, Codable {
    package var name: String
    package var until: Timestamp

    package init(name: String, until: Timestamp) {
        self.name = name
        self.until = until
    }
}

/// Which schedules of a policy hold at a moment, daylight saving time included: 07:30 is 07:30 on the wall.
package enum ScheduleCalendar {
    private static let day: Int64 = 86_400_000

    /// In the order of the policy; nil for a policy without schedules.
    package static func active(_ policy: ScalingPolicy, at now: Timestamp) -> [ActiveSchedule]? {
        guard let schedules = policy.schedules else { return nil }
        return schedules.compactMap { schedule in
            end(of: schedule, at: now).map { ActiveSchedule(name: schedule.name, until: $0) }
        }
    }

    /// Until when a schedule holds that holds now; nil where it does not.
    static func end(of schedule: ScalingSchedule, at now: Timestamp) -> Timestamp? {
        guard let zone = ZoneTable(schedule.zone) else { return nil }
        let local = now.milliseconds + zone.offset(atMilliseconds: now.milliseconds) * 1000
        let today = (local >= 0 ? local : local - day + 1) / day
        switch schedule.times {
        case .daily(let days, let from, let to):
            for date in [today, today - 1] where days.contains(CivilDate(daysSince1970: date).weekday) {
                let last = to > from ? date : date + 1
                let start = zone.moment(ofLocalMilliseconds: date * day + Int64(from) * 60_000)
                let end = zone.moment(ofLocalMilliseconds: last * day + Int64(to) * 60_000)
                if start <= now.milliseconds, now.milliseconds < end { return Timestamp(milliseconds: end) }
            }
            return nil
        case .cron(let cron, let lasts):
            let reach = min(lasts.milliseconds / day + 1, 32)
            for date in stride(from: today, through: today - reach, by: -1)
            where cron.matches(CivilDate(daysSince1970: date)) {
                for hour in cron.hours.reversed() {
                    for minute in cron.minutes.reversed() {
                        let local = date * day + Int64(hour * 60 + minute) * 60_000
                        let start = zone.moment(ofLocalMilliseconds: local)
                        guard start <= now.milliseconds else { continue }
                        let end = Timestamp(milliseconds: start) + lasts
                        return end > now ? end : nil
                    }
                }
            }
            return nil
        }
    }
}
