import Synchronization

/// Keeps fitted models by the very values that they were fitted on, so that nothing but time depends on what is
/// kept. Beyond its bounds the model that was asked for longest ago goes first.
package final class ForecastCache: Sendable {
    package struct Statistics: Hashable, Sendable {
        package var fits = 0
        package var hits = 0
        package var models = 0
        /// About; of models and the values they were fitted on.
        package var bytes = 0
    }

    private struct Entry {
        var model: ForecastModel
        var bytes: Int
        /// When it was last asked for, counted in requests.
        var request: UInt64
    }

    private struct State {
        var entries: [ForecastModel.Key: Entry] = [:]
        var requests: UInt64 = 0
        var statistics = Statistics()
    }

    private let maxBytes: Int
    private let maxModels: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maxBytes: a single model that is larger is not kept at all.
    ///   - maxModels: at most so many, however small.
    package init(maxBytes: Int = 128 << 20, maxModels: Int = 10_000) {
        self.maxBytes = maxBytes
        self.maxModels = maxModels
    }

    package var statistics: Statistics { state.withLock { $0.statistics } }

    /// The model of these values, fitted where it is not known.
    func model(for key: ForecastModel.Key) -> ForecastModel {
        let known = state.withLock { state in
            state.requests += 1
            guard let entry = state.entries[key] else { return nil as ForecastModel? }
            state.entries[key]?.request = state.requests
            state.statistics.hits += 1
            return entry.model
        }
        if let known { return known }
        // Outside the lock: two queries may fit the same at a time, and both get the same.
        let model = ForecastModel(fitting: key)
        let bytes = 512 + key.values.count * model.bytesPerValue
        state.withLock { state in
            state.statistics.fits += 1
            guard bytes <= maxBytes, maxModels > 0, state.entries[key] == nil else { return }
            while state.statistics.bytes + bytes > maxBytes || state.entries.count >= maxModels {
                guard let oldest = state.entries.min(by: { $0.value.request < $1.value.request }) else {
                    break
                }
                state.entries[oldest.key] = nil
                state.statistics.bytes -= oldest.value.bytes
            }
            state.entries[key] = Entry(model: model, bytes: bytes, request: state.requests)
            state.statistics.bytes += bytes
            state.statistics.models = state.entries.count
        }
        return model
    }
}
