import PromQL
import TimeSeries

extension SeriesPresence {
    /// What lives for less says nothing about the ends of steady series.
    private static let leastHabit = Duration.seconds(300)

    /// Of the series that ended those that are missed; the others are forgotten, but for how they lived.
    mutating func stillMissed(_ ended: [Labels], at now: Timestamp) -> [SeriesTrack] {
        habits.forget(before: now - SeriesHabits.reach)
        let habitual = habits.habitual(
            ended.compactMap { labels in tracks[labels].flatMap { life(of: labels, $0) } })
        var missed: [SeriesTrack] = []
        for labels in ended {
            guard let track = tracks[labels] else { continue }
            if now - track.last < track.missedFor, !habitual.contains(labels) {
                missed.append(track)
            } else {
                if let life = life(of: labels, track) { habits.remember(life) }
                tracks[labels] = nil
            }
        }
        return missed
    }

    /// How a series lived that has ended by itself; nil where its beginning is not known, or it was too short.
    func life(of labels: Labels, _ track: SeriesTrack) -> SeriesHabits.Life? {
        guard let watchedSince, track.since > watchedSince + Self.resolution, !track.isLostWithTarget,
            track.last - track.since >= Self.leastHabit
        else { return nil }
        return SeriesHabits.Life(
            labels: labels, target: track.isScraped ? track.target : nil, since: track.since, last: track.last
        )
    }

    /// Takes in what the store says of how series lived before.
    mutating func recallHabits(
        _ series: [MatrixSeries], over range: EvaluationRange, at now: Timestamp, targets: TargetStates
    ) {
        knowsHabits = true
        let moments = Set(series.lazy.flatMap(\.moments))
        var lives: [SeriesHabits.Life] = []
        for one in series {
            let target = one.labels.keeping(Self.targetLabels)
            let known = targets.state(of: target) == .unknown ? nil : target
            for run in one.runs(step: range.step) where run.since > range.start + range.step {
                if let track = tracks[one.labels], run.last + range.step >= track.since {
                    tracks[one.labels]?.since = min(track.since, run.since)
                    continue
                }
                let life = SeriesHabits.Life(
                    labels: one.labels, target: known, since: run.since, last: run.last)
                // Where all ended at once nobody was looking.
                if life.span >= Self.leastHabit, moments.contains(run.last + range.step), !habits.knows(life)
                {
                    lives.append(life)
                }
            }
        }
        watchedSince = min(watchedSince ?? now, range.start + range.step)
        for life in lives.sorted(by: { $0.last < $1.last }) { habits.remember(life) }
        standing = settle(at: now, targets)
    }
}

extension MatrixSeries {
    fileprivate var moments: [Timestamp] {
        histograms.isEmpty
            ? samples.map(\.timestamp) : (samples.map(\.timestamp) + histograms.map(\.timestamp)).sorted()
    }

    /// When it was there: what returns sooner than it had lived goes on.
    fileprivate func runs(step: Duration) -> [(since: Timestamp, last: Timestamp)] {
        var runs: [(since: Timestamp, last: Timestamp)] = []
        for moment in moments {
            if let run = runs.last, moment - run.last <= max(step, run.last - run.since) {
                runs[runs.count - 1].last = moment
            } else {
                runs.append((moment, moment))
            }
        }
        return runs
    }
}
